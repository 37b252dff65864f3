"""The first page of the report: read by docutils, as Snakemake's report reads it."""

from docutils.core import publish_doctree
from docutils.nodes import entry, paragraph, row, system_message
from report.test_conclusions import made

from stcnet_lib.report.tables.conclusions import conclusion
from stcnet_lib.report.tables.headline import headline, plain
from stcnet_lib.report.tables.tables import result_table

NAMES = ("tem", "no_game_", "a*b", "x|y")


def test_docutils_reads_the_conclusion_and_every_row():
    comparison = made({("raw", "raw"): 0.3, **{(name, name): 0.4 for name in NAMES}})
    tree = publish_doctree(headline(comparison), settings_overrides={"report_level": 1})
    assert not list(tree.findall(system_message))
    cells = [[cell.astext() for cell in line.findall(entry)] for line in tree.findall(row)]
    table = result_table(comparison)
    assert cells[0] == ["variant", "mAP", "mAP against raw", "rank-1"]
    columns = [table.head.index(name) for name in cells[0][1:]]
    assert [line[1:] for line in cells[1:]] == [[line[i] for i in columns] for line in table.rows]
    assert [line[0] for line in cells[1:]] == [f"nl: {name} → {name}" for name in ("raw", *NAMES)]
    texts = [node.astext() for node in tree.findall(paragraph)]
    assert texts[0] == conclusion(comparison)


def test_the_skill_stands_below_the_table():
    skill = {"skill": -0.2, "interval": [-0.3, -0.1]}
    said = {"method": "stcnet", "method_used": "stcnet", "stcnet": "default", "skill": skill}
    said |= {"completion": "stcnet", "split": 0, "seed": 0}
    comparison = made({("raw", "raw"): 0.3}) | {"restoration": [said]}
    assert "- STCnet: skill −0.200 [−0.300, −0.100] over the median" in headline(comparison)


def test_without_variants_there_is_a_heading():
    comparison = made({}) | {"rows": [], "means": []}
    assert publish_doctree(headline(comparison)).astext().startswith("Re-identification on")


def test_no_character_means_anything():
    for text in ("no_game_", "*a*", "``b``", "x|y|", "back\\slash"):
        assert publish_doctree(plain(text)).astext() == text
