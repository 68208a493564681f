"""A batch file is read whole, or it is said which line is wrong and why."""

import csv
import io
import json

import pytest

from cloud.errors import InvalidInput
from cloud.jobs.batches.parsing import Batch, Kind, Limits, guess_kind, parse_batch
from cloud.jobs.batches.rows import MalformedBatch

LIMITS = Limits(items=5, prompt_chars=50)


def parse(content: str | bytes, kind: Kind) -> Batch:
    return parse_batch(content.encode() if isinstance(content, str) else content, kind, LIMITS)


def prompts(content: str | bytes, kind: Kind) -> list[str]:
    return [item.prompt for item in parse(content, kind).items]


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        pytest.param("csv", "prompt\na chair\na table\n", ["a chair", "a table"], id="one column"),
        pytest.param("csv", "\ufeffprompt\r\na chair\r\n", ["a chair"], id="BOM and CRLF"),
        pytest.param("csv", "\n\nPrompt\n\na chair\n\n", ["a chair"], id="blank lines"),
        pytest.param("csv", 'prompt\n"a chair,\nred ""x"""\n', ['a chair,\nred "x"'], id="quoted"),
        pytest.param("csv", "name;prompt\nx;a chair, red\n", ["a chair, red"], id="semicolons"),
        pytest.param("csv", "name\tprompt\nx\ta chair\n", ["a chair"], id="tabs"),
        pytest.param("jsonl", '{"prompt": "a chair"}\n\n"a table"\r\n', ["a chair", "a table"], id="lines"),
        pytest.param("jsonl", '"a\u2028b"', ["a\u2028b"], id="a line separator within a prompt"),
        pytest.param("txt", "a chair\r\n\n  a table  ", ["a chair", "a table"], id="text"),
        pytest.param("json", '{"items": ["a chair", {"prompt": "🏰"}]}', ["a chair", "🏰"], id="JSON"),
    ],
)
def test_each_way_to_write_a_batch_is_read(kind: Kind, content: str, expected: list[str]) -> None:
    assert prompts(content, kind) == expected


def test_a_row_says_name_model_and_formats() -> None:
    content = 'prompt,name,model,formats\na chair, Seat ,claude-x,"FBX; stl,fbx"\na table,,,\n'
    first, second = parse(content, "csv").items

    assert (first.name, first.model, first.formats) == ("Seat", "claude-x", ("fbx", "stl"))
    assert (second.name, second.model, second.formats) == ("a table", None, ())


def test_json_says_the_batchs_name_and_lists_formats() -> None:
    batch = parse('{"name": " Set ", "items": [{"prompt": "a chair", "formats": ["glb", "ply"]}]}', "json")

    assert batch.name == "Set"
    assert batch.items[0].formats == ("glb", "ply")


FAULTS: list[tuple[Kind, str | bytes, str]] = [
    ("csv", 'prompt\n"a\nb"\n \n', "Line 4: the prompt is empty; say what you want to see built."),
    ("csv", "prompt,name\na chair\n", "Line 2: the row has 1 field where the header names 2"),
    ("csv", "prompt\na chair, red\n", "Line 2: the row has 2 fields where the header names 1"),
    ("csv", 'prompt\n\na\n"b\nc\n', "Line 4: a quotation mark opens here and is never closed."),
    ("csv", 'prompt\n"a" b\n', "Line 2: text follows a closing quotation mark"),
    ("csv", f"prompt\n{'x' * 200_000}\n", "Line 2: a field is far too long"),
    (
        "csv",
        "a red chair\na table\n",
        "Line 1: the first row must name the columns, and none of them is called prompt.",
    ),
    (
        "csv",
        "prompt,colour\na,b\n",
        "Line 1: there is no column 'colour'; the columns are prompt, name, model, formats, brief",
    ),
    ("csv", "prompt,Prompt\na,b\n", "Line 1: the column prompt comes twice."),
    ("csv", "prompt,formats\na,glb dwg\n", "Line 2: there is no format 'dwg'; the formats are blend, glb, fbx, obj"),
    ("csv", f"prompt\n{'x' * 51}\n", "Line 2: the prompt has 51 characters; at most 50 are allowed: shorten it."),
    ("csv", "prompt\na\0b\n", "Line 2: the prompt holds the control character U+0000; remove it."),
    ("csv", b"prompt\na\nb\xff\n", "Line 3: this is not UTF-8 text; save the file as UTF-8."),
    ("csv", "prompt\na\n".encode("utf-16"), "Line 1: this is not UTF-8 text"),
    ("csv", f"prompt,name\na,{'x' * 201}\n", "Line 2: the project's name has 201 characters; at most 200"),
    ("csv", f"prompt,model\na,{'x' * 201}\n", "Line 2: the model 'xxx"),
    ("jsonl", '"a"\n{"prompt": }\n', "Line 2: this is not valid JSON from column 12 on."),
    ("jsonl", "[1]\n", "Line 1: this must be a prompt or a JSON object, not a list."),
    ("jsonl", "7\n", "Line 1: this must be a prompt or a JSON object, not 7."),
    (
        "jsonl",
        '{"promt": "a"}\n',
        "Line 1: there is no field 'promt'; the fields are prompt, name, model, formats, brief, quality, detail and",
    ),
    ("jsonl", '{"name": "a"}\n', "Line 1: the prompt is missing"),
    ("jsonl", '{"prompt": 7}\n', "Line 1: the field prompt must be a text."),
    ("jsonl", '{"prompt": "a", "formats": {"glb": 1}}\n', "Line 1: the formats must be a list"),
    ("jsonl", '"a\\ud800"\n', "Line 1: the prompt holds the control character U+D800"),
    ("jsonl", "[" * 100_000, "Line 1: this JSON nests too deeply"),
    ("txt", "a\n\na\x1bb\n", "Line 3: the prompt holds the control character U+001B"),
    ("json", '{"items": ["a", {"prompt": " "}]}', "Item 2: the prompt is empty"),
    ("csv", "prompt,quality\na,best\n", "Line 2: there is no quality 'best'; it is one of draft, standard, high."),
    ("csv", "prompt,max_usd\na,0\n", "Line 2: the budget max_usd cannot be '0'; give an amount of dollars above 0"),
    ("jsonl", '{"prompt": "a", "detail": 3}\n', "Line 1: there is no detail 3; it is one of as-is, concise, moderate,"),
    ("jsonl", '{"prompt": "a", "brief": {"title": ""}}\n', "Line 1: the brief cannot be used: brief.title: String"),
    ("jsonl", '{"prompt": "a", "brief": "A\\nParts:\\n- leg"}\n', "Line 1: the brief cannot be used: line 3 is not a"),
    ("json", '{"items": ["a", {"prompt": "b", "max_usd": true}]}', "Item 2: the budget max_usd cannot be True"),
    ("json", '{"items": ["a", null]}', "Item 2: this must be a prompt or a JSON object, not None."),
]


@pytest.mark.parametrize(("kind", "content", "told"), FAULTS, ids=[each[2][:40] for each in FAULTS])
def test_what_is_wrong_names_the_line_and_the_reason(kind: Kind, content: str | bytes, told: str) -> None:
    with pytest.raises(MalformedBatch) as caught:
        parse(content, kind)

    assert str(caught.value).startswith(told)
    assert str(caught.value).endswith(".")
    assert len(caught.value.errors or []) == 1
    json.dumps(caught.value.errors, ensure_ascii=False).encode()


WHOLE: list[tuple[Kind, str, str]] = [
    ("csv", " \n\n", "The batch is empty; give at least one prompt."),
    ("csv", "prompt\n\n", "The batch holds no prompt; give at least one."),
    ("json", '{"items": []}', "The batch holds no prompt; give at least one."),
    ("txt", "a\n" * 6, "The batch has 6 prompts; at most 5 are allowed: split it."),
    ("json", "[]", 'The batch must be a JSON object such as {"items": ["a chair", "a table"]}.'),
    ("json", "{}", "items: this must be a list of prompts, or of objects that each hold a prompt."),
    ("json", '{"items": "a"}', "items: this must be a list of prompts, or of objects that each hold a prompt."),
    ("json", '{"items": ["a"], "x": 1}', "There is no field 'x' beside name, items, quality, detail, max_usd."),
    ("json", '{"items": ["a"], "quality": 1}', "There is no quality 1; it is one of draft, standard, high."),
    ("json", '{"items": ["a"], "name": " "}', "The batch's name is empty; give it one."),
    ("json", '{"items": ["a"], "name": 7}', "The field name must be a text."),
    ("json", '{"items": ["a",\n]}', "The batch is not valid JSON: line 2, column 1 cannot be read."),
    ("json", "[" * 100_000, "The batch cannot be read: its JSON nests too deeply or holds a huge number."),
]


@pytest.mark.parametrize(("kind", "content", "told"), WHOLE, ids=[each[2][:40] for each in WHOLE])
def test_what_is_wrong_with_the_whole_is_one_sentence(kind: Kind, content: str, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(content, kind)

    assert str(caught.value) == told


def test_ten_faults_at_most_are_told_at_once() -> None:
    content = "a\x1b\n" * 12
    with pytest.raises(MalformedBatch) as caught:
        parse_batch(content.encode(), "txt", Limits(100, 50))

    assert [error["line"] for error in caught.value.errors or []] == list(range(1, 11))
    assert str(caught.value) == "Line 1: the prompt holds the control character U+001B; remove it. (9 more in `errors`)"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("prompt\na", "csv"),
        ("\ufeffname;Prompt\na;b", "csv"),
        ('{"prompt": 1}', "jsonl"),
        ('\n"a"', "jsonl"),
        ("a chair", "txt"),
    ],
)
def test_what_comes_without_a_name_is_told_by_how_it_begins(content: str, kind: Kind) -> None:
    assert guess_kind(content.encode()) == kind


def test_whatever_csv_writes_is_read_as_it_was() -> None:
    rows = ["a,b", 'c"d', "e\nf", "g\r\nh", "塔; 🏰"]
    written = io.StringIO(newline="")
    csv.writer(written).writerows([["prompt"], *([row] for row in rows)])

    assert prompts(written.getvalue(), "csv") == rows


def test_what_is_said_of_all_is_for_the_items_that_do_not_say_it() -> None:
    content = """{"quality": "draft", "detail": "concise", "max_usd": 2, "items": [
        "a", {"prompt": "b", "quality": "high", "detail": null, "max_usd": 0.5}]}"""

    first, second = parse(content, "json").items

    assert (first.quality, first.detail, first.max_usd) == ("draft", "concise", 2.0)
    assert (second.quality, second.detail, second.max_usd) == ("high", "concise", 0.5)


def test_a_table_says_quality_budget_and_a_written_brief_of_each() -> None:
    content = 'prompt;quality;max_usd;brief\na chair;High;1.5;"A chair\nParts:\n- Seat: 0.4×0.4×0.04 m"\na table;;;\n'

    first, second = parse(content, "csv").items

    assert (first.quality, first.max_usd) == ("high", 1.5)
    assert first.brief is not None
    assert first.brief.parts[0].size_m == [0.4, 0.4, 0.04]
    assert (second.quality, second.detail, second.max_usd, second.brief) == (None, None, None, None)
