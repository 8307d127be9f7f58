"""bpftrace's tools, as Debian ships them, run from our objects under workloads made for them."""
