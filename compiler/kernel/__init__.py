"""What is known of kernels at build time: BTF, tracepoint formats, syscall arguments."""
