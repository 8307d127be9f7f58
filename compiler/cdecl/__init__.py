"""The C definitions of a script: what they say, and how C lays it out."""
