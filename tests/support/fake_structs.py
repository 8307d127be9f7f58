"""The structs and enums of the fake kernel (fake_kernel.py)."""

from __future__ import annotations

from .btf_writer import BtfWriter

_TCP_STATES = (
    "TCP_ESTABLISHED",
    "TCP_SYN_SENT",
    "TCP_SYN_RECV",
    "TCP_FIN_WAIT1",
    "TCP_FIN_WAIT2",
    "TCP_TIME_WAIT",
    "TCP_CLOSE",
    "TCP_CLOSE_WAIT",
    "TCP_LAST_ACK",
    "TCP_LISTEN",
    "TCP_CLOSING",
    "TCP_NEW_SYN_RECV",
    "TCP_MAX_STATES",
)
_HELPERS = {
    "BPF_FUNC_unspec": 0,
    "BPF_FUNC_map_lookup_elem": 1,
    "BPF_FUNC_map_update_elem": 2,
    "BPF_FUNC_map_delete_elem": 3,
    "BPF_FUNC_ktime_get_ns": 5,
    "BPF_FUNC_get_smp_processor_id": 8,
    "BPF_FUNC_get_current_pid_tgid": 14,
    "BPF_FUNC_get_current_uid_gid": 15,
    "BPF_FUNC_get_current_comm": 16,
    "BPF_FUNC_get_stackid": 27,
    "BPF_FUNC_get_current_task": 35,
    "BPF_FUNC_probe_read_user": 112,
    "BPF_FUNC_probe_read_kernel": 113,
    "BPF_FUNC_probe_read_user_str": 114,
    "BPF_FUNC_probe_read_kernel_str": 115,
    "BPF_FUNC_ktime_get_boot_ns": 125,
    "BPF_FUNC_ringbuf_output": 130,
    "BPF_FUNC_ringbuf_reserve": 131,
    "BPF_FUNC_ringbuf_submit": 132,
    "BPF_FUNC_get_current_task_btf": 158,
    "BPF_FUNC_for_each_map_elem": 164,
    "BPF_FUNC_get_func_ip": 173,
    "BPF_FUNC_get_attach_cookie": 174,
    "BPF_FUNC_loop": 181,
    "BPF_FUNC_strncmp": 182,
    "BPF_FUNC_get_func_arg": 183,
    "BPF_FUNC_ktime_get_tai_ns": 208,
}

_REGISTERS = (
    "r15",
    "r14",
    "r13",
    "r12",
    "bp",
    "bx",
    "r11",
    "r10",
    "r9",
    "r8",
    "ax",
    "cx",
    "dx",
    "si",
    "di",
    "orig_ax",
    "ip",
    "cs",
    "flags",
    "sp",
    "ss",
)


def write_structs(w: BtfWriter) -> None:
    """Enums first, then structs, each after those it holds by value."""
    for part in (_enums, _task, _files, _net, _sockets, _packets):
        part(w)


def _enums(w: BtfWriter) -> None:
    w.enum("pid_type", {"PIDTYPE_PID": 0, "PIDTYPE_TGID": 1, "PIDTYPE_PGID": 2, "PIDTYPE_SID": 3})
    w.enum("", {name: value for value, name in enumerate(_TCP_STATES, 1)})
    w.enum("", {"IPPROTO_IP": 0, "IPPROTO_TCP": 6, "IPPROTO_UDP": 17, "IPPROTO_IPV6": 41})
    w.enum("sock_type", {"SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3})
    w.enum("bpf_func_id", _HELPERS)
    w.enum("bpf_map_type", {"BPF_MAP_TYPE_HASH": 1, "BPF_MAP_TYPE_RINGBUF": 27})
    w.enum("memory_type", {"MEMORY_NONE": -1, "MEMORY_RAM": 0, "MEMORY_DEVICE": 7}, signed=True)
    w.enum64("", {"BPF_F_INDEX_MASK": 0xFFFFFFFF, "BPF_F_CTXLEN_MASK": 0xFFFFF << 32})
    w.enum64("deadline", {"DEADLINE_NEVER": -1, "DEADLINE_FAR": 1 << 40}, signed=True)


def _task(w: BtfWriter) -> None:
    w.struct("list_head", "struct list_head *next", "struct list_head *prev")
    w.typedef("kuid_t", w.struct("", "uid_t val"))
    w.typedef("kgid_t", w.struct("", "gid_t val"))
    w.struct("cred", "kuid_t uid", "kgid_t gid", "kuid_t euid", "kgid_t egid")
    w.struct("ns_common", "unsigned int inum")
    w.struct("net", "u32 hash_mix", "struct ns_common ns")
    w.struct("nsproxy", "struct net *net_ns")
    w.struct(
        "mm_struct",
        "unsigned long total_vm",
        "unsigned long arg_start",
        "struct file *exe_file",
        "unsigned long end_code",
        "unsigned long start_stack",
    )
    w.struct(
        "task_struct",
        "unsigned int __state",
        "unsigned int flags",
        "int on_cpu",
        "int prio",
        "struct list_head tasks",
        "struct mm_struct *mm",
        "int exit_code",
        "unsigned int sched_reset_on_fork:1",
        "unsigned int sched_migrated:1",
        "unsigned int in_execve:1",
        "unsigned int brk_randomized:5",
        "pid_t pid",
        "pid_t tgid",
        "struct task_struct *real_parent",
        "struct task_struct *parent",
        "struct list_head children",
        "struct task_struct *group_leader",
        "u64 utime",
        "u64 start_time",
        "const struct cred *cred",
        "char comm[16]",
        "struct nsproxy *nsproxy",
        "unsigned long numa_faults[2][4]",
    )
    # What kprobes read their arguments from, on x86-64.
    w.struct("pt_regs", *(f"unsigned long {register}" for register in _REGISTERS))


def _files(w: BtfWriter) -> None:
    hash_and_length = w.struct("", "u32 hash", "u32 len")
    either = w.union("", hash_and_length, "u64 hash_len")
    w.struct("qstr", either, "const unsigned char *name")
    w.struct("dentry", "struct dentry *d_parent", "struct qstr d_name", "struct inode *d_inode")
    w.struct("inode", "umode_t i_mode", "kuid_t i_uid", "unsigned long i_ino", "loff_t i_size")
    w.struct("vfsmount", "struct dentry *mnt_root", "int mnt_flags")
    w.struct("path", "struct vfsmount *mnt", "struct dentry *dentry")
    w.struct("file", "unsigned int f_flags", "struct path f_path", "struct inode *f_inode")
    w.struct("linux_binprm", "struct file *file", "int argc", "const char *filename")


def _net(w: BtfWriter) -> None:
    w.struct("in_addr", "__be32 s_addr")
    words = w.union("", "__u8 u6_addr8[16]", "__be16 u6_addr16[8]", "__be32 u6_addr32[4]")
    w.struct("in6_addr", ("in6_u", words))
    w.struct("net_device", "char name[16]", "unsigned int flags", "int ifindex")
    w.typedef("possible_net_t", w.struct("", "struct net *net"))
    w.typedef("__kernel_sa_family_t", "unsigned short")
    w.typedef("sa_family_t", "__kernel_sa_family_t")
    w.struct("sockaddr", "sa_family_t sa_family", "char sa_data[14]")
    w.struct("msghdr", "void *msg_name", "int msg_namelen")


def _sockets(w: BtfWriter) -> None:
    addresses = w.struct("", "__be32 skc_daddr", "__be32 skc_rcv_saddr")
    ports = w.struct("", "__be16 skc_dport", "__u16 skc_num")
    w.struct(
        "sock_common",
        w.union("", "u64 skc_addrpair", addresses),
        w.union("", "unsigned int skc_hash", "__u16 skc_u16hashes[2]"),
        w.union("", "u32 skc_portpair", ports),
        "unsigned short skc_family",
        "volatile unsigned char skc_state",
        "unsigned char skc_reuse:4",
        "unsigned char skc_reuseport:1",
        "unsigned char skc_ipv6only:1",
        "unsigned char skc_net_refcnt:1",
        "int skc_bound_dev_if",
        "possible_net_t skc_net",
        "struct in6_addr skc_v6_daddr",
        "struct in6_addr skc_v6_rcv_saddr",
    )
    w.struct(
        "sock",
        "struct sock_common __sk_common",
        "u32 sk_mark",
        "int sk_err",
        "u32 sk_ack_backlog",
        "u32 sk_max_ack_backlog",
        "u16 sk_type",
        "u16 sk_protocol",
        "kuid_t sk_uid",
        "int sk_rcvbuf",
        "struct socket *sk_socket",
    )
    w.struct("socket", "short type", "unsigned long flags", "struct file *file", "struct sock *sk")
    w.struct("inet_sock", "struct sock sk", "__be32 inet_saddr", "__be16 inet_sport")
    w.struct("inet_connection_sock", "struct inet_sock icsk_inet", "__u8 icsk_retransmits")
    w.struct(
        "tcp_sock",
        "struct inet_connection_sock inet_conn",
        "u64 bytes_received",
        "u64 bytes_acked",
        "u32 snd_cwnd",
        "u32 srtt_us",
        "u32 total_retrans",
    )
    w.struct("request_sock", "struct sock_common __req_common", "u16 mss")


def _packets(w: BtfWriter) -> None:
    links = w.struct("", "struct sk_buff *next", "struct sk_buff *prev", "struct net_device *dev")
    w.struct(
        "sk_buff",
        w.union("", links, "struct list_head list"),
        "struct sock *sk",
        "char cb[48]",
        "unsigned int len",
        "unsigned int data_len",
        "__u8 cloned:1",
        "__u8 nohdr:1",
        "__u8 fclone:2",
        "__u8 pkt_type:3",
        "__be16 protocol",
        "__u16 transport_header",
        "__u16 network_header",
        "__u16 mac_header",
        "unsigned int tail",
        "unsigned char *head",
        "unsigned char *data",
    )
    w.struct(
        "iphdr",
        "__u8 ihl:4",
        "__u8 version:4",
        "__u8 tos",
        "__be16 tot_len",
        "__u8 ttl",
        "__u8 protocol",
        "__sum16 check",
        "__be32 saddr",
        "__be32 daddr",
    )
    w.struct("ipv6hdr", "__u8 nexthdr", "struct in6_addr saddr", "struct in6_addr daddr")
    w.struct(
        "tcphdr",
        "__be16 source",
        "__be16 dest",
        "__be32 seq",
        "__be32 ack_seq",
        "__u16 res1:4",
        "__u16 doff:4",
        "__u16 fin:1",
        "__u16 syn:1",
        "__u16 rst:1",
        "__u16 psh:1",
        "__u16 ack:1",
        "__be16 window",
    )
