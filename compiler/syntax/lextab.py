# fmt: off
# ruff: noqa
# mypy: ignore-errors
"""Made by `python -m aotrace.compiler.syntax.tables`: do not edit."""
_tabversion   = '3.10'
_lextokens    = set(('ARROW', 'ASSIGN_OP', 'BREAK', 'CAST_PAREN', 'COMPTIME', 'CONFIG', 'CONTINUE', 'C_DEFINITION', 'DEC', 'DOTDOT', 'ELSE', 'END_PRED', 'EQ', 'FALSE', 'FN', 'FOR', 'GE', 'IDENT', 'IF', 'IMPORT', 'INC', 'INT', 'LAND', 'LE', 'LET', 'LOR', 'MACRO', 'MAP', 'NE', 'OFFSETOF', 'PARAM', 'PARAM_COUNT', 'POINT', 'PRED', 'RECORD_PAREN', 'RESYNC', 'RETURN', 'SHL', 'SHR', 'SIZEOF', 'STRING', 'TAG', 'TRUE', 'TYPEINFO', 'TYPEOF', 'TYPE_PAREN', 'UNROLL', 'VALUE_BRACE', 'VALUE_IF', 'VAR', 'WHILE'))
_lexreflags   = 256
_lexliterals  = '+-*/%&|^~!<>=?:;,.(){}[]'
_lexstateinfo = {'INITIAL': 'inclusive', 'top': 'exclusive'}
_lexstatere   = {'INITIAL': [('(?P<t_comment>//[^\\n]*|/\\*[\\s\\S]*?\\*/)|(?P<t_open_comment>/\\*)|(?P<t_word>[A-Za-z_]\\w*)|(?P<t_number>[0-9]\\w*)|(?P<t_string>"(?:[^"\\\\\\n]|\\\\[^\\n])*"?)|(?P<t_character>\'(?:[^\'\\\\\\n]|\\\\[^\\n])*\'?)|(?P<t_dollar>\\$(?:\\w+|\\#)?)|(?P<t_map>@(?:[A-Za-z_]\\w*)?)|(?P<t_operator><<=|>>=|\\.\\.|->|\\+\\+|--|<<|>>|&&|\\|\\||[-+*/%&|^=!<>]=|[-+*%&|^~!<>=?:;,.()\\[\\]])|(?P<t_slash>/)|(?P<t_open_brace>\\{)|(?P<t_close_brace>\\})', [None, ('t_comment', 'comment'), ('t_open_comment', 'open_comment'), ('t_word', 'word'), ('t_number', 'number'), ('t_string', 'string'), ('t_character', 'character'), ('t_dollar', 'dollar'), ('t_map', 'map'), ('t_operator', 'operator'), ('t_slash', 'slash'), ('t_open_brace', 'open_brace'), ('t_close_brace', 'close_brace')])], 'top': [('(?P<t_top_comment>//[^\\n]*|/\\*[\\s\\S]*?\\*/)|(?P<t_top_open_comment>/\\*)|(?P<t_top_definition>(?:struct|union|enum|typedef)\\b)|(?P<t_top_keyword>(?:config|import|macro|fn|let)(?![^\\s={;\\"/@]))|(?P<t_top_punctuation>[{},;/])|(?P<t_top_point>.)', [None, ('t_top_comment', 'comment'), ('t_top_open_comment', 'open_comment'), ('t_top_definition', 'definition'), ('t_top_keyword', 'keyword'), ('t_top_punctuation', 'punctuation'), ('t_top_point', 'point')])]}
_lexstateignore = {'INITIAL': ' \t\r\n\x0c\x0b', 'top': ' \t\r\n\x0c\x0b'}
_lexstateerrorf = {'INITIAL': 't_error', 'top': 't_top_error'}
_lexstateeoff = {}
