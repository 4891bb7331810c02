"""Hybrid search on all stores: consistent with every write, and never fooled by a question."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from agentkit import Agent, open_log, run
from agentkit.errors import SetupError
from memory import VectorMemory
from memory.hybrid import K, fused, words_of
from memory.stores import Item
from memory.stores.choose import store
from memory.stores.wordindex import COVERED, NEARLY, STEP, UNSEEN, Chance, WordCounts, WordIndex
from memory.terms import terms
from tests.fakes import ScriptedModel, call

SHIPS = ["The Heron carries 433 t of slate to Ivory.", "The Tern carries 334 t of salt to Elder."]


@pytest.fixture(params=["numpy", "numpy in memory", "chroma", "server"])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, object]:
    match request.param:
        case "numpy in memory":
            return {"store": "numpy", "path": ":memory:"}
        case "server":
            return {"store": request.getfixturevalue("server").url, "path": tmp_path}
        case name:
            return {"store": name, "path": tmp_path}


def memory(kind: dict[str, object], **more: object) -> VectorMemory:
    # A server is shared by all tests.
    name = f"notes{time.time_ns()}" if str(kind["store"]).startswith("http") else "notes"
    options = {"embedder": "hashed", "search": "hybrid", "k": 3, **kind, **more}
    return VectorMemory(name, **options)  # type: ignore[arg-type]


async def found(made: VectorMemory, query: str, **more: object) -> list[str]:
    return [hit.text for hit in await made.recall(query, **more)]  # type: ignore[arg-type]


async def by_words(made: VectorMemory, query: str) -> list[str]:
    """What words alone find."""
    hits = await made.recall(query, k=50)
    return [hit.text for hit in hits if hit.parts["words"]]


async def test_words_follow_every_write(kind: dict[str, object]) -> None:
    async with run(log=open_log("memory:")):
        made = memory(kind)
        assert await found(made, "Zephyr9") == []
        await made.remember("Code Zephyr9 opens the gate.", ids="a", metadata={"n": 1})
        assert await by_words(made, "zephyr9") == ["Code Zephyr9 opens the gate."]
        await made.remember("Code Boreas7 opens the gate.", ids="a")
        assert await by_words(made, "zephyr9") == []
        assert await by_words(made, "Boreas7") == ["Code Boreas7 opens the gate."]
        await made.remember(SHIPS, metadata=[{"n": 2}, {"n": 3}])
        assert await by_words(made, "433 t") == SHIPS[:1]
        assert await found(made, "carries", where={"n": 3}) == SHIPS[1:]
        await made.forget("a")
        assert await by_words(made, "Boreas7") == []
        assert await made.forget(where={"n": {"$gt": 1}}, erase=True)
        assert await found(made, "slate salt Boreas7") == []
        await made.close()


async def test_words_of_another_object_and_of_a_new_process_are_seen(
    kind: dict[str, object],
) -> None:
    if kind["path"] == ":memory:":
        pytest.skip("nothing is shared")
    async with run(log=open_log("memory:")):
        one = memory(kind)
        two = VectorMemory(one.name, embedder="hashed", search="hybrid", **kind)  # type: ignore[arg-type]
        await one.remember("Code Zephyr9 opens the gate.", ids="a")
        assert await by_words(two, "zephyr9")
        await one.remember("Code Boreas7 opens the gate.", ids="a")
        await one.remember(SHIPS[0], ids="b")
        assert not await by_words(two, "zephyr9")
        assert await by_words(two, "boreas7") and await by_words(two, "slate")
        # As many as before, but others.
        await one.forget("b")
        await one.remember(SHIPS[1], ids="c")
        assert not await by_words(two, "slate") and await by_words(two, "salt")
        await one.close()
        await two.close()
        again = VectorMemory(one.name, embedder="hashed", search="hybrid", **kind)  # type: ignore[arg-type]
        assert await by_words(again, "boreas7") and await by_words(again, "334 t of salt")
        await again.close()


async def test_random_writes_leave_the_words_of_what_is_there(kind: dict[str, object]) -> None:
    rng = random.Random(7)
    async with run(log=open_log("memory:")):
        made, held = memory(kind), dict[str, str]()
        for _ in range(25):
            id = f"i{rng.randrange(6)}"
            if rng.random() < 0.3 and id in held:
                await made.forget(id)
                del held[id]
            else:
                held[id] = " ".join(f"w{rng.randrange(12)}" for _ in range(3))
                await made.remember(held[id], ids=id)
            index = await words_of(made.store)
            everything = Counter(word for text in held.values() for word in set(terms(text)))
            asked = [f"w{n}" for n in range(12)]
            assert index.counts(asked).having == {w: n for w, n in everything.items() if n}
            assert index.counts(asked).words == 3 * len(held)
        await made.close()


async def test_no_scope_sees_the_words_of_another(kind: dict[str, object]) -> None:
    async with run(log=open_log("memory:")):
        shared = memory(kind)
        ana, ben = shared.scoped(user="ana@port.example"), shared.scoped(user="ben")
        await ana.remember("Ana's code is Zephyr9.")
        await ben.remember("Ben's code is Boreas7.")
        await shared.remember("The gate is at quay Notus5.")
        assert await by_words(ben, "Zephyr9") == await by_words(shared, "Zephyr9") == []
        both = ben.reading(shared)
        assert await by_words(both, "Notus5") == ["The gate is at quay Notus5."]
        assert await by_words(both, "Boreas7") == ["Ben's code is Boreas7."]
        assert await by_words(both, "Zephyr9") == []
        # What is counted is what is read: Ana's words change nothing for Ben.
        before = [hit.model_dump() for hit in await ben.recall("code Boreas7")]
        await ana.remember([f"Boreas7 code {n}" for n in range(20)])
        assert [hit.model_dump() for hit in await ben.recall("code Boreas7")] == before
        await shared.close()


ODD = [
    '"', "''", '"a" OR "b"', "NEAR(a b, 2)", "text: slate", "-slate", "slate*", "^slate", "(", "){",
    "a AND NOT b", "slate\x00", "; DROP TABLE words; --", "🙂", "𝒜", "\u202e slate", "’", "+",
    "slate " * 10_000, " ".join(f"w{n}" for n in range(10_000)), "x" * 100_000, "東京" * 5_000,
]  # fmt: skip


async def test_an_odd_question_is_a_question(kind: dict[str, object]) -> None:
    async with run(log=open_log("memory:")):
        made = memory(kind)
        await made.remember(SHIPS)
        for query in ODD:
            hits = await made.recall(query)
            assert all(0 <= hit.score <= 1 and math.isfinite(hit.score) for hit in hits)
            if "slate" in query:
                assert hits[0].text == SHIPS[0], query[:40]
        for empty in ("", " \n "):
            with pytest.raises(SetupError):
                await made.recall(empty)
        await made.close()


@pytest.mark.parametrize(
    ("texts", "query"),
    [
        (["港口的水深是八点八米", "灯塔高四十米", "码头有五个泊位"], "水深"),
        (["港の水深は八メートル", "灯台の高さは四十メートル", "ふ頭には五つの岸壁"], "灯台"),
        (["항구의 수심은 팔 미터", "등대의 높이는 사십 미터", "부두에는 선석이 다섯"], "등대의"),
        (["ความลึกของท่าเรือ", "ความสูงของประภาคาร", "ท่าเทียบเรือห้าแห่ง"], "ประภาคาร"),
        (["Глубина гавани", "Высота маяка", "Пять причалов"], "МАЯКА"),
        (["عمق الميناء", "ارتفاع المنارة", "خمسة أرصفة"], "المنارة"),
        (["बंदरगाह की गहराई", "प्रकाशस्तंभ की ऊँचाई", "पाँच घाट"], "गहराई"),
    ],
)
async def test_words_of_any_language_are_found(texts: list[str], query: str) -> None:
    index = WordIndex()
    index.follow([Item(id=str(n), text=text) for n, text in enumerate(texts)])
    words = list(dict.fromkeys(terms(query)))
    hits = index.find(words, index.counts(words), None)
    asked = [text for text in texts if query.casefold() in text.casefold()]
    assert [hit.item.text for hit in hits] == asked and asked


def by_chance(
    having: dict[str, int], weight: dict[str, float], items: int, have: float, most: float
) -> float:
    """Look at each set of the words: how many items would have it and nothing else of them."""
    last, found = int(most / STEP), 0.0
    for there in itertools.product([False, True], repeat=len(having)):
        steps, share = 0, 1.0
        for (word, n), has in zip(having.items(), there, strict=True):
            steps += round(weight[word] / STEP) if has else 0
            share *= n / items if has else 1 - n / items
        found += share * items if min(steps, last) >= min(int(have / STEP), last) else 0
    return found


def test_what_is_met_by_chance_is_counted_over_all_sets_of_words() -> None:
    rng = random.Random(5)
    for _ in range(40):
        items = rng.randrange(2, 300)
        having = {f"w{n}": rng.randrange(1, items) for n in range(rng.randrange(1, 7))}
        counts = WordCounts(items, 9 * items, having)
        weight = {word: counts.weight(word) for word in having}
        most = sum(weight.values()) * rng.random()
        chance = Chance(weight, counts, most)
        for have in (0.0, most / 2, most):
            slowly = by_chance(having, weight, items, have, most)
            assert chance(have) == pytest.approx(slowly, abs=1e-9)
        assert chance(0.0) == pytest.approx(items)


async def test_two_names_within_a_long_sentence_are_found_as_far_as_they_are_no_chance() -> None:
    """One of 200 items has both names; of the sentence around them none is in any."""
    made = memory({"store": "numpy", "path": ":memory:"})
    async with run(log=open_log("memory:")):
        texts = [f"{SHIP[n % 25]} lies in {PORT[n % 8]}, item {n}." for n in range(200)]
        await made.remember(texts)
        asked = "Hello, might anybody please quickly tell me about {} or {} before lunch?"

        async def sure(*names: str) -> list[float]:
            index, words = await words_of(made.store), list(terms(asked.format(*names)))
            return [hit.sure for hit in index.find(words, index.counts(words), None)]

        # One in 25 and one in 8, and each pair once: what is there may well be there by chance.
        assert await sure(SHIP[0], PORT[0]) == []
        await made.remember(f"{SHIP[0]} of the rare berth Quorn.")
        (found,) = await sure(SHIP[0], "Quorn")
        assert found > 0.8
        (better,) = await sure(SHIP[0], "Quorn rare")
        assert better > found
        hits = await made.recall(asked.format(SHIP[0], "Quorn"))
        assert "Quorn" in hits[0].text
        await made.close()


SHIP = [f"Ship{chr(97 + n)}" for n in range(25)]
PORT = [f"Port{chr(97 + n)}" for n in range(8)]


def slow(texts: list[str], query: str) -> list[str]:
    """The same by counting everything, without an index."""
    each = [list(terms(text)) for text in texts]
    usual = sum(map(len, each)) / len(each)
    words = list(dict.fromkeys(terms(query)))
    having = {w: sum(w in one for one in each) for w in words}
    weight = {w: math.log1p((len(each) - n + 0.5) / (n + 0.5)) * (1 if n else UNSEEN)
              for w, n in having.items()}  # fmt: skip
    have = [sum(weight[w] for w in words if w in one) for one in each]
    seen = {w: n for w, n in having.items() if n}
    enough = COVERED * sum(weight.values())
    good = [
        n
        for n, h in enumerate(have)
        if h > 0
        and h >= NEARLY * max(have)
        and (h >= enough or by_chance(seen, weight, len(each), h, max(have)) < 1)
    ]
    score = {
        n: sum(
            weight[w] * each[n].count(w) * 2.2
            / (each[n].count(w) + 1.2 * (0.25 + 0.75 * len(each[n]) / usual))
            for w in words
        )
        for n in good
    }  # fmt: skip
    return [texts[n] for n in sorted(good, key=lambda n: (-round(score[n], 9), str(n)))]


def test_the_index_finds_what_counting_everything_finds() -> None:
    rng = random.Random(3)
    for _ in range(60):
        size = rng.choice([1, 2, 5, 9])
        texts = [
            " ".join(rng.choices("abcdefg", k=rng.randrange(1, 8))) + f" id{n}"
            for n in range(size)
        ]  # fmt: skip
        index = WordIndex()
        index.follow([Item(id="gone", text="a b c")])
        index.follow([Item(id=str(n), text=text) for n, text in enumerate(texts)])
        query = " ".join(rng.choices("abcdefgxy", k=rng.randrange(1, 5)))
        words = list(dict.fromkeys(terms(query)))
        hits = index.find(words, index.counts(words), None)
        by_score = sorted(hits, key=lambda h: (-round(h.bm25, 9), h.item.id))
        assert [hit.item.text for hit in by_score] == slow(texts, query)


def test_ranks_are_fused_as_in_the_paper() -> None:
    parts = fused({"near": ["a", "b", "c"], "words": ["c", "a"]})
    paper = {"a": 1 / (K + 1) + 1 / (K + 2), "b": 1 / (K + 2), "c": 1 / (K + 3) + 1 / (K + 1)}
    for name, score in paper.items():
        assert sum(parts[name].values()) == pytest.approx(score * (K + 1) / 2)
    assert sum(fused({"near": ["a"], "words": ["a"]})["a"].values()) == pytest.approx(1)
    cut = fused({"near": ["a", "b"], "words": ["c"]}, deep="near")
    assert cut["c"]["near"] == pytest.approx((K + 1) / 2 / (K + 3)) and cut["a"]["words"] == 0


async def test_a_code_is_found_first_among_many_that_are_nearer() -> None:
    made = memory({"store": "numpy", "path": ":memory:"})
    async with run(log=open_log("memory:")):
        near = [f"What is known of the order, please, and who has it? {n}" for n in range(300)]
        await made.remember([*near, "Ticket QX-4711-Z: a long tale about something else entirely."])
        (first, *_) = await made.recall("What is known of QX-4711-Z, please?", k=1)
        assert first.text.startswith("Ticket")


async def test_an_agent_and_its_tool_search_by_words_too() -> None:
    kind: dict[str, object] = {"store": "numpy", "path": ":memory:"}
    made, log = memory(kind, k=1), open_log("memory:")
    async with run(log=log):
        await made.remember([*SHIPS, "Order 8815 was paid.", "Order 8851 was not."])
    model = ScriptedModel([call("notes_recall", '{"query": "order 8851"}')], "done")
    await Agent("clerk", model=model, memory=made)("8815", log=log)
    assert "Order 8815 was paid." in model.requests[0].thread[0].message.content
    assert "Order 8851 was not." in model.requests[1].thread[-1].message.content


async def test_a_hybrid_recall_is_another_step_and_replays_as_it_was() -> None:
    kind: dict[str, object] = {"store": "numpy", "path": ":memory:"}
    made, log = memory(kind), open_log("memory:")
    model = ScriptedModel("433 t")
    async with run(log=log):
        await made.remember(SHIPS)
    answer = await Agent("clerk", model=model, memory=made)("slate?", log=log)
    await made.forget(where={"nobody": {"$ne": 1}})
    again = Agent("clerk", model=ScriptedModel(), memory=made)
    assert (await again.replay(answer.run_id, log=log)).text == "433 t"
    with pytest.raises(SetupError, match="vector"):
        memory(kind, search="words")


async def test_searches_and_writes_at_once_agree_in_the_end(kind: dict[str, object]) -> None:
    async with run(log=open_log("memory:")):
        made = memory(kind)
        await asyncio.gather(
            *(made.remember(f"Code Zephyr{n} opens gate {n}.", ids=f"z{n}") for n in range(8)),
            *(made.recall(f"Zephyr{n}") for n in range(8)),
        )
        for n in range(8):
            assert (await by_words(made, f"zephyr{n}"))[:1] == [f"Code Zephyr{n} opens gate {n}."]
        await made.close()


async def test_a_store_that_tells_no_changes_is_read_again() -> None:
    class Plain:
        """A store as one was before it could tell what changed."""

        def __init__(self) -> None:
            self.inner = store("notes", "numpy", "test", ":memory:")
            self.kind = "plain"
            for name in ("put", "get", "near", "vectors", "drop", "count", "close"):
                setattr(self, name, getattr(self.inner, name))

    made = VectorMemory("notes", store=Plain(), embedder="hashed", search="hybrid")  # type: ignore[arg-type]
    async with run(log=open_log("memory:")):
        await made.remember(SHIPS)
        assert await by_words(made, "slate")
        await made.forget(where={"nobody": {"$ne": 1}})
        assert not await by_words(made, "slate")
