"""The one place that speaks ctypes: libbpf's ABI, errors and owned handles."""
