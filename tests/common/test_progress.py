"""Progress is plain lines where nobody watches a terminal."""

import io
import time

from stcnet_lib.common.progress import Progress


def test_lines_hold_count_rate_time_left_and_loss():
    stream = io.StringIO()
    with Progress("guider", 20, "steps", seconds=0.02, stream=stream) as progress:
        for step in range(20):
            time.sleep(0.01)
            progress.advance(loss=1 / (step + 1))
    lines = stream.getvalue().splitlines()
    assert len(lines) > 2
    assert "\r" not in stream.getvalue()
    assert all(line.startswith("guider: ") for line in lines)
    assert "20/20" in lines[-1]
    assert "steps/s" in lines[-1]
    assert "loss=0.05" in lines[-1]
    assert "<" in lines[1]  # time gone < time left


def test_a_slow_interval_gives_few_lines():
    stream = io.StringIO()
    with Progress("fast", 10_000, "frames", seconds=60, stream=stream) as progress:
        for _ in range(10_000):
            progress.advance()
    assert len(stream.getvalue().splitlines()) <= 3


def test_a_resumed_count_starts_where_it_was():
    stream = io.StringIO()
    with Progress("guider", 20, "steps", done=15, stream=stream):
        pass
    assert "15/20" in stream.getvalue()
