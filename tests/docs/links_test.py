"""What the pages say is there: their links lead somewhere, and the names in them have not gone."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted(page for folder in (".", "docs", "bench/results") for page in (ROOT / folder).glob("*.md"))
EXAMPLES = sorted((ROOT / "examples").glob("*.cc"))
SOURCES = {".cc", ".hpp", ".py"}


def links(page):
    """(text, target) of each link and picture that leads to another file of ours."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"\[((?:[^][]|\[[^][]*\])*)\]\(([^)\s]+)\)", text)
    found += [("", target) for target in re.findall(r'(?:src|srcset|href)="([^"]+)"', text)]
    return [(text, target) for text, target in found if not re.match(r"[a-z]+:", target)]


def anchors(page):
    """The names that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def cases(suite):
    """The names of the test cases in a file."""
    literals = re.findall(r'\b(?:TEST_CASE|CASES)(?:_FIXTURE)?\(\s*(?:\w+,\s*)?((?:"[^"]*"\s*)+)',
                          suite.read_text(encoding="utf-8"))
    return {"".join(re.findall(r'"([^"]*)"', literal)) for literal in literals}


class Links(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        self.assertGreater(len(PAGES), 5)
        for page in PAGES:
            for _, target in links(page):
                path, _, anchor = target.partition("#")
                leads_to = (page.parent / path).resolve() if path else page
                with self.subTest(page=page.name, target=target):
                    self.assertTrue(leads_to.exists())
                    if anchor:
                        self.assertIn(anchor, anchors(leads_to))

    def test_every_name_that_is_linked_is_in_the_file_it_leads_to(self):
        """`Suite.test` or `Class::member`, linked to a source: each part of it is there."""
        named = 0
        for page in PAGES:
            for text, target in links(page):
                path = (page.parent / target).resolve()
                name = re.fullmatch(r"`([\w.:]+)`", text)
                if not name or path.suffix not in SOURCES or name[1] == path.name or not path.exists():
                    continue
                source = path.read_text(encoding="utf-8")
                for part in re.split(r"\.|::", name[1]):
                    named += 1
                    with self.subTest(page=page.name, name=name[1]):
                        self.assertRegex(source, rf"\b{part}\b")
        self.assertGreater(named, 50)

    def test_every_case_that_is_linked_is_one_of_the_file_it_leads_to(self):
        """`subject: what holds`, linked to a suite: there is a case of exactly this name."""
        linked = 0
        for page in PAGES:
            for text, target in links(page):
                path = (page.parent / target).resolve()
                if not path.name.endswith("_test.cc") or text.strip("`") == path.name:
                    continue
                linked += 1
                with self.subTest(page=page.name, name=text):
                    self.assertIn(text.strip("`"), cases(path))
        self.assertGreater(linked, 40)


class Examples(unittest.TestCase):
    def test_each_is_small_and_says_how_to_run_it(self):
        self.assertGreater(len(EXAMPLES), 10)
        for example in EXAMPLES:
            with self.subTest(example=example.name):
                lines = example.read_text(encoding="utf-8").splitlines()
                self.assertLess(len(lines), 60)
                head = "\n".join(lines[:next(i for i, line in enumerate(lines) if line[:2] != "//")])
                self.assertRegex(head, rf"c\+\+ .*-std=c\+\+20 .*\b{example.name}\b")

    def test_each_is_linked_from_the_guide_or_the_readme(self):
        linked = {(page.parent / target).resolve() for page in PAGES for _, target in links(page)}
        linked.add(ROOT / "examples/echo_server.cc")  # the README's own, which it shows
        self.assertEqual([], [example.name for example in EXAMPLES if example not in linked])


if __name__ == "__main__":
    unittest.main()
