"""The names of the kernel's page allocation flags: what printf's `%gr` shows.

Masks are matched in the order of __def_gfpflag_names (include/trace/events/mmflags.h), compounds
first; what is left over is shown in hexadecimal. Bit numbers: include/linux/gfp_types.h.
"""

from __future__ import annotations

_BITS = (
    "DMA", "HIGHMEM", "DMA32", "MOVABLE", "RECLAIMABLE", "HIGH", "IO", "FS", "ZERO", "UNUSED",
    "DIRECT_RECLAIM", "KSWAPD_RECLAIM", "WRITE", "NOWARN", "RETRY_MAYFAIL", "NOFAIL", "NORETRY",
    "MEMALLOC", "COMP", "NOMEMALLOC", "HARDWALL", "THISNODE", "ACCOUNT", "ZEROTAGS", "SKIP_ZERO",
    "SKIP_KASAN", "NO_OBJ_EXT",
)  # fmt: skip
_BIT = {name: 1 << number for number, name in enumerate(_BITS)}


def _mask(*names: str) -> int:
    return sum(_BIT[name] for name in names)


_NOIO = _mask("DIRECT_RECLAIM", "KSWAPD_RECLAIM")
_NOFS = _NOIO | _mask("IO")
_KERNEL = _NOFS | _mask("FS")
_USER = _KERNEL | _mask("HARDWALL")
_HIGHUSER = _USER | _mask("HIGHMEM")
_MOVABLE = _HIGHUSER | _mask("MOVABLE", "SKIP_KASAN")
_HUGE_LIGHT = (_MOVABLE | _mask("COMP", "NOMEMALLOC", "NOWARN")) & ~_NOIO

_NAMES = (
    (_HUGE_LIGHT | _mask("DIRECT_RECLAIM"), "GFP_TRANSHUGE"),
    (_HUGE_LIGHT, "GFP_TRANSHUGE_LIGHT"),
    (_MOVABLE, "GFP_HIGHUSER_MOVABLE"),
    (_HIGHUSER, "GFP_HIGHUSER"),
    (_USER, "GFP_USER"),
    (_KERNEL | _mask("ACCOUNT"), "GFP_KERNEL_ACCOUNT"),
    (_KERNEL, "GFP_KERNEL"),
    (_NOFS, "GFP_NOFS"),
    (_mask("HIGH", "KSWAPD_RECLAIM"), "GFP_ATOMIC"),
    (_NOIO, "GFP_NOIO"),
    (_mask("KSWAPD_RECLAIM", "NOWARN"), "GFP_NOWAIT"),
    (_mask("DMA"), "GFP_DMA"),
    (_mask("HIGHMEM"), "__GFP_HIGHMEM"),
    (_mask("DMA32"), "GFP_DMA32"),
    *(
        (_BIT[name], f"__GFP_{name}")
        for name in (
            "HIGH", "IO", "FS", "ZERO", "DIRECT_RECLAIM", "KSWAPD_RECLAIM", "WRITE", "NOWARN",
            "RETRY_MAYFAIL", "NOFAIL", "NORETRY", "MEMALLOC", "COMP", "NOMEMALLOC", "HARDWALL",
            "THISNODE", "ACCOUNT", "ZEROTAGS", "SKIP_ZERO", "SKIP_KASAN", "NO_OBJ_EXT",
        )
    ),
)  # fmt: skip


def gfp_text(flags: int) -> str:
    """Flags as names joined by `|`; no flag at all is `0`."""
    names = []
    for mask, name in _NAMES:
        if flags & mask == mask:
            names.append(name)
            flags &= ~mask
    if flags:
        names.append(hex(flags))
    return "|".join(names) or "0"
