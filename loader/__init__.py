"""The thin loader: standard library and libbpf only."""
