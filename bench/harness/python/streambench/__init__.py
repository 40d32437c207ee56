"""The Python half of the benchmark's harness: the same work, measured in the same way as by its Node half."""

from .touches import PAGE, expected_sum, pages, touch_read, touch_write, work

__all__ = ["PAGE", "expected_sum", "pages", "touch_read", "touch_write", "work"]
