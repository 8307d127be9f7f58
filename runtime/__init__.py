"""The contract between compiler and loader; standard library only."""
