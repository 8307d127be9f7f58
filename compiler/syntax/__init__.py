"""Source text to a frozen AST: PLY lexer, PLY LALR grammar, nodes and printer."""
