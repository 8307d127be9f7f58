"""Configuration variables: what each takes, from a script and from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from aotrace.compiler.config import Config
from aotrace.runtime import config


@pytest.mark.parametrize(
    ("name", "written", "setting"),
    [
        ("max_strlen", 64, 64), ("max_strlen", "0x40", 64), ("log_size", b"1_000", 1000),
        ("max_probes", "010", 8), ("max_cat_bytes", "1e3", 1000), ("on_stack_limit", "0b11", 3),
        ("perf_rb_pages", "7", 7), ("max_bpf_progs", 0, 0), ("max_map_keys", "00", 0),
        ("print_maps_on_exit", 0, False), ("print_maps_on_exit", "off", False),
        ("cpp_demangle", "Yes", True), ("lazy_symbolication", b"false", False),
        ("show_debug_info", 5, True), ("use_blazesym", False, False),
        ("license", b"Dual MIT/GPL", "Dual MIT/GPL"), ("str_trunc_trailer", 3, "3"),
        ("str_trunc_trailer", b"##", "##"), ("missing_probes", "WARN", "warn"),
        ("stack_mode", "perf", "perf"), ("stack_mode", b"build_id", "build_id"),
        ("cache_user_symbols", "PER_PID", "per_pid"), ("cache_user_symbols", 0, "none"),
        ("cache_user_symbols", 1, ""), ("cache_user_symbols", "1", ""),
        ("unstable_tseries", "enable", "enable"), ("unstable_typeinfo", True, "enable"),
        ("unstable_dw_ustack", 0, "error"), ("unstable_import_statement", "Warn", "warn"),
    ],
)  # fmt: skip
def test_what_is_taken(name: str, written: Any, setting: Any) -> None:
    read = config.BY_NAME[name].read(written)
    assert read == setting
    assert type(read) is type(setting)


@pytest.mark.parametrize(
    ("name", "written"),
    [("max_strlen", "x"), ("max_strlen", True), ("max_probes", "1x"), ("cpp_demangle", "maybe"),
     ("license", "MIT"), ("license", 5), ("missing_probes", 1), ("stack_mode", "PERF"),
     ("cache_user_symbols", "sometimes"), ("unstable_tseries", "perhaps")],
)  # fmt: skip
def test_what_is_refused(name: str, written: Any) -> None:
    with pytest.raises(ValueError, match=r"expecting|not one of"):
        config.BY_NAME[name].read(written)


@pytest.mark.parametrize(
    "written", ["max_strlen", "MAX_STRLEN", "BPFTRACE_MAX_STRLEN", "bpftrace_max_strlen",
                "AOTRACE_MAX_STRLEN"],
)  # fmt: skip
def test_names_may_be_those_of_the_environment(written: str) -> None:
    assert config.plain_name(written) == "max_strlen"


@pytest.mark.parametrize(
    ("environment", "settings"),
    [
        ({}, {}),
        ({"BPFTRACE_MAX_STRLEN": "64", "HOME": "/"}, {"max_strlen": 64}),
        ({"BPFTRACE_MAX_STRLEN": "64", "AOTRACE_MAX_STRLEN": "32"}, {"max_strlen": 32}),
        ({"BPFTRACE_VMLINUX": "x", "AOTRACE_UPDATE_GOLDEN": "1"}, {}),
    ],
)
def test_the_environment(environment: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    assert config.from_environment(environment) == settings


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"BPFTRACE_MAX_STRLEN": "long"}, "BPFTRACE_MAX_STRLEN: expecting a number, got long"),
        ({"AOTRACE_MAX_STRLN": "5"}, "AOTRACE_MAX_STRLN: no such variable; did you mean"),
    ],
)
def test_what_is_wrong_in_the_environment(environment: Mapping[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config.from_environment(environment)


def test_only_what_matters_there_goes_to_the_target() -> None:
    settings = {"max_strlen": 64, "missing_probes": "warn", "license": "GPL", "log_size": 5}
    assert Config(settings).on_target == {"log_size": 5, "missing_probes": "warn"}
