"""Names and labels that would break C, JSON or a terminal if they were not quoted."""

from __future__ import annotations

from hypothesis import strategies as st

HOSTILE = (
    "*/ int x = 1; /*", "/* open", "*", "/", "/*/", "*/*", "//", "\\", "\\\n", "??/", "????/",
    "??/\n", '"', "'", "%s%n%d", "int", "while", "B0", "PROGMEM", "a\nb", "a\r\nb", "\x00\x01",
    "µ", "größe", "年齢", "\u202e\u2066", "\U0001f600", "\\u002a/", "#define X",
    "{{ 7 }}", "{% raw %}", "", " ", "\u2028", "*\\/", "<script>", "*/ mlp-edge-card {} /*",
)  # fmt: skip


TEXT = st.text() | st.text("*/\\?\"'\n {}%#", max_size=12) | st.sampled_from(HOSTILE)
