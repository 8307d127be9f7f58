"""The ahead-of-time compiler: bpftrace source in, BPF ELF objects out."""
