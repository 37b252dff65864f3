"""What all figures share: equal bytes, no leaks, whole files, few dependencies."""

import subprocess
import sys
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from PIL import Image

from stcnet_lib.report.figures import style


def write(path, title="a title", provenance="data 12345678", subtitle=""):
    with style.styled():
        figure = style.new_figure(4, 3, title, provenance, subtitle)
        axes = style.new_axes(figure)
        axes.plot([0, 1], [0, 1])
        style.save(figure, path)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", [".svg", ".png", ".webp"])
def test_equal_input_gives_equal_bytes_whatever_the_user_has_set(tmp_path, suffix):
    first = write(tmp_path / f"a{suffix}")
    with mpl.rc_context({"font.size": 30, "svg.hashsalt": "mine", "savefig.dpi": 50, "lines.linewidth": 9}):
        second = write(tmp_path / f"b{suffix}")
    assert first == second
    assert first != write(tmp_path / f"c{suffix}", title="another title")


def test_files_are_valid(tmp_path):
    write(tmp_path / "a.svg")
    write(tmp_path / "a.png")
    write(tmp_path / "a.webp")
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    assert b"dc:date" not in (tmp_path / "a.svg").read_bytes()
    for name in ("a.png", "a.webp"):
        with Image.open(tmp_path / name) as image:
            image.load()
            assert image.size == (600, 450)  # 4 by 3 inches at 150 dpi


def test_settings_in_force_before_come_back(tmp_path):
    before = dict(mpl.rcParams)
    write(tmp_path / "a.svg")
    assert dict(mpl.rcParams) == before


def test_another_format_is_refused_and_a_failure_keeps_the_old_file(tmp_path):
    with pytest.raises(ValueError, match=r"\.svg, \.png or \.webp"):
        write(tmp_path / "a.gif")
    write(tmp_path / "a.png")
    old = (tmp_path / "a.png").read_bytes()
    with style.styled():
        figure = style.new_figure(4, 3, "$\\broken{$", "")
        with pytest.raises(ValueError, match="broken"):
            style.save(figure, tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == old


def test_long_texts_stay_inside_the_figure():
    with style.styled():
        figure = style.new_figure(5, 4, "word " * 30, "digest 12345678 · " * 30, "said of it " * 20)
        style.new_axes(figure).set_ylabel("y")
        figure.draw_without_rendering()
        texts = [*figure.texts, figure._suptitle, figure._supxlabel]
        for text in texts:
            box = text.get_window_extent()
            assert box.x0 >= 0
            assert box.x1 <= figure.bbox.width
        axes = figure.axes[0].get_window_extent()
        subtitle = figure.texts[0].get_window_extent()
        assert subtitle.y0 >= axes.y1  # under the title, above the axes
        assert figure._supxlabel.get_window_extent().y1 <= axes.y0


def test_marks_of_files(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "cmc.csv").write_text("abc")
    # sha256("abc") begins with ba7816bf (FIPS 180-2, appendix B.1)
    marks = style.file_marks(tmp_path / "a/cmc.csv", tmp_path / "b/cmc.csv")
    assert marks == "cmc.csv\u00a0ba7816bf ba7816bf"
    assert style.provenance("a", "", "b") == "a · b"
    assert style.settings_mark('{"method":"copy","masks":"oracle"}') == "method copy, masks oracle"


def test_figures_load_neither_pyplot_nor_torch():
    """The environment of the tables has no torch, and pyplot would keep state."""
    code = (
        "import sys\n"
        "from stcnet_lib.report.figures import cmc, scores, strips, table, training\n"
        "sys.exit(', '.join({'torch', 'matplotlib.pyplot'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
