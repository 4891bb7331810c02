# ruff: noqa: E501
"""Answers to the exercises of the notebooks, by notebook and number: right ones and wrong ones.

Beside the folded solution: right ones that look different, and wrong or lazy ones, such as what
was written in by hand. Every one is judged in the same kernel, one after the other.
"""

from __future__ import annotations

from typing import NamedTuple


class Answers(NamedTuple):
    """Codes of answers by what they do."""

    right: dict[str, str]
    wrong: dict[str, str]


BERTH = '''bookings = {kind}

@tool(effect="{effect}")
async def book_berth(ship: str, port: str) -> str:
    """Book a berth for a ship in a port."""
    if {test}:
        {enter}
        await asyncio.sleep(30)
    return "booked"'''
LIGHTHOUSE = '''@tool(effect="pure")
def lighthouse(port: str) -> int:
    """{}"""
    return {}'''
HEIGHT = 'port_of_amber.tool("port")(port)["lighthouse_m"]'

ANSWERS = {
    "01-1": Answers(
        right={"patient": "policy = dict(timeout_s=1.0, retries=9)"},
        wrong={
            "below the latency": "policy = dict(timeout_s=0.03, retries=9)",
            "asks once": "policy = dict(timeout_s=0.8, retries=0)",
            "hopes for luck": "policy = dict(timeout_s=0.8, retries=3)",
            "unknown option": "policy = dict(tiemout=1)",
        },
    ),
    "01-2": Answers(
        right={
            "by a loop": """asked_twice = []
for e in log.read(relay.id):
    if e.kind == "noted" and e.topic == "retry":
        sent = next(m for m in log.read(relay.id) if m.kind == "message.sent" and m.scope == e.scope)
        asked_twice.append(sent.nodes[-1].message.content.split()[3])
asked_twice = frozenset(asked_twice)"""
        },
        wrong={
            "one name": 'asked_twice = {"Amber"}',
            "all of them": "asked_twice = set(called)",
            "no ports": "asked_twice = set('stuvwx')",
        },
    ),
    "02-1": Answers(
        right={
            "American": LIGHTHOUSE.format("Height in meters of the lighthouse of a port.", HEIGHT),
            "a sign": LIGHTHOUSE.format("Height (m) of the lighthouse of a port.", HEIGHT),
            "async": LIGHTHOUSE.replace("def", "async def").format(
                "Tell how tall the lighthouse of a port is, in metres.", HEIGHT
            ),
        },
        wrong={
            "the word alone": LIGHTHOUSE.format("metre", HEIGHT),
            "no unit": LIGHTHOUSE.format("Height of the lighthouse of a port.", HEIGHT),
            "the same everywhere": LIGHTHOUSE.format("Height in m of the lighthouse.", "35"),
            "another unit": LIGHTHOUSE.format("Height in kilometres of the lighthouse of a port.", HEIGHT),
            "the three by hand": LIGHTHOUSE.format(
                "Height in m of the lighthouse.", '{"Amber": 35, "Briar": 41, "Cinder": 22}[port]'),
        },
    ),
    "02-2": Answers(
        right={
            "a dict": BERTH.format(
                kind="{}", effect="idempotent", test="(ship, port) not in bookings",
                enter="bookings[ship, port] = len(bookings) + 1",
            ),
            "a set": BERTH.format(
                kind="set()", effect="idempotent", test="(port, ship) not in bookings",
                enter="bookings.add((port, ship))",
            ),
        },
        wrong={
            "one for the office": BERTH.format(
                kind="[]", effect="idempotent", test="not bookings",
                enter="bookings.append((ship, port))",
            ),
            "one per ship": BERTH.format(
                kind="{}", effect="idempotent", test="ship not in bookings",
                enter="bookings[ship] = port",
            ),
            "declared pure": BERTH.format(
                kind="[]", effect="pure", test="(ship, port) not in bookings",
                enter="bookings.append((ship, port))",
            ),
            "each time anew": BERTH.format(
                kind="[]", effect="idempotent", test="True",
                enter="bookings.append((ship, port))",
            ).replace("sleep(30)", "sleep(0.5)"),
        },
    ),
    "03-1": Answers(
        right={
            "by its words": """def complaint(step, answer):
    return "an apology" if "cannot find" in answer.text else \"\"""",
            "by a digit": """def complaint(step, answer):
    return None if any(c.isdigit() for c in answer.text) else "no number\"""",
        },
        wrong={
            "by the actor": """def complaint(step, answer):
    return "no" if step.actor == "clerk" and "handling" in step.task else None""",
            "everything": """def complaint(step, answer):
    return "never good enough\"""",
            "an error": """def complaint(step, answer):
    return undefined""",
        },
    ),
    "03-2": Answers(
        right={
            "in other words": """descriptions = {
    "purser": "ships and their masters", "clerk": "ports: harbour masters, depths, pilotage fees",
    "stower": "what cargo a ship has, what handling it costs, sums of costs"}"""
        },
        wrong={
            "this task only": """descriptions = {
    "purser": "ships", "clerk": "finds Briar", "stower": "finds the Tern, the Raven"}""",
            "all know everything": """descriptions = dict.fromkeys(
    ("purser", "clerk", "stower"), "knows ports, pilotage fees, cargoes and handling")""",
        },
    ),
    "03-3": Answers(
        right={
            "one sentence": """wide_task = ("What is the total of the pilotage fee in Amber, the pilotage fee "
    "in Briar, the pilotage fee in Cinder and the pilotage fee in Elder?")"""
        },
        wrong={
            "four times the same": 'wide_task = "What is the pilotage fee in Briar? " * 4',
            "a chain": 'wide_task = "How high is the lighthouse of the home port of the Tern?"',
        },
    ),
    "04-1": Answers(
        right={
            "by its words": """def in_metres(answer):
    return "an apology" if answer.text.startswith("I cannot") else None""",
            "by a unit": """def in_metres(answer):
    return "" if re.search(r"\\d+(\\.\\d+)? m\\b", answer.text) else "no metres in it\"""",
        },
        wrong={
            "the number by hand": """def in_metres(answer):
    return None if "8.8" in answer.text else "not the depth\"""",
            "the port by hand": """def in_metres(answer):
    return None if "Avocet is" in answer.text else "not the depth\"""",
            "refuses all": """def in_metres(answer):
    return "no\"""",
        },
    ),
    "04-2": Answers(
        right={
            "in another order": """my_duties = [
    Duty(surveyor, Clearance, reads=(Port, Ship)), Duty(clerk, Port), Duty(purser, Ship)]"""
        },
        wrong={
            "the other way round": """my_duties = [Duty(purser, Ship, reads=(Port,)), Duty(clerk, Port),
    Duty(surveyor, Clearance, reads=(Ship, Port))]""",
            "written in by hand": """@pattern
async def surveyor_by_hand(request, output=None):
    return Clearance(draught_m=8.7, depth_m=8.8, under_keel_m=0.1)
my_duties = [Duty(purser, Ship), Duty(clerk, Port),
             Duty(surveyor_by_hand, Clearance, reads=(Ship, Port))]""",
            "a circle": "my_duties = [Duty(purser, Ship, reads=(Port,)), Duty(clerk, Port, reads=(Ship,))]",
        },
    ),
    "04-3": Answers(
        right={
            "the last word": """def lacks(letter):
    ship = letter.split("home port of the ")[1].split()[0].strip("?.,")
    return f"Where is the {ship} at home? What is the home port of the {ship}?\"""",
        },
        wrong={
            "the name by hand": """def lacks(letter):
    return "What is the home port of the Cormorant?\"""",
            "both names": """def lacks(letter):
    return "What is the home port of the Avocet? What is the home port of the Cormorant?\"""",
        },
    ),
    "05-1": Answers(
        right={
            "a function": """def my_stop(chat):
    if re_priced.search(" ".join(str(turn) for turn in chat.turns)):
        return "somebody named a price"
    return "four turns" if len(chat.turns) >= 4 else None
import re
re_priced = re.compile(r"\\d EUR")""",
            "the other way round": 'my_stop = turns(4) | said("EUR")',
        },
        wrong={
            "three turns": "my_stop = turns(3)",
            "only the length": "my_stop = turns(4)",
            "both at once": 'my_stop = said("EUR") & turns(4)',
        },
    ),
    "05-2": Answers(
        right={
            "by a table": """def rule(chat):
    first = {"cargo": "stower", "master": "purser"}
    found = next((who for word, who in first.items() if word in chat.task.lower()), "clerk")
    return found if chat.last != found else "clerk\"""",
        },
        wrong={
            "the task by hand": """def rule(chat):
    first = "stower" if chat.task == question else "purser"
    return first if not chat.turns else next(n for n in chat.names if n != chat.last)""",
            "the ship by hand": """def rule(chat):
    first = "stower" if "Raven" in chat.task else "purser"
    return first if not chat.turns else next(n for n in chat.names if n != chat.last)""",
            "always the same": """def rule(chat):
    return "stower\"""",
            "nobody": """def rule(chat):
    return "cook\"""",
        },
    ),
    "05-3": Answers(
        right={
            "a chain": 'allowed = {"desk": ["purser"], "purser": ["clerk"], "clerk": []}',
            "without the stower": 'allowed = {"desk": ["purser", "clerk"], "purser": ["clerk"]}',
        },
        wrong={
            "nobody may": 'allowed = {"desk": []}',
            "only others": 'allowed = {"purser": ["clerk"]}',
            "to and fro": 'allowed = {"desk": ["purser"], "purser": ["clerk"], "clerk": ["purser"]}',
            "a stranger": 'allowed = {"desk": ["cook"]}',
        },
    ),
    "06-1": Answers(
        right={"with a bound": 'policy = dict(stragglers="duplicate", deadline_s=1.9)'},
        wrong={
            "waits": 'policy = dict(join="all")',
            "a deadline": "policy = dict(deadline_s=1.0)",
            "no policy": 'policy = dict(join="some")',
        },
    ),
    "06-2": Answers(
        right={"four": "k = 4"},
        wrong={"five": "k = 5", "seven": "k = 7", "one": "k = 1", "eight": "k = 8"},
    ),
    "06-3": Answers(
        right={
            "an own name": """def passed(state):
    return "is correct" in state.text
repaired = (clerk >> auditor).loop(until=passed, max_rounds=3)""",
            "another word": """repaired = (clerk >> auditor).loop(
    until=lambda state: "wrong" not in state.text, max_rounds=2)""",
        },
        wrong={
            "fifty rounds": "repaired = (clerk >> auditor).loop(until=correct, max_rounds=50)",
            "always content": """def always(state):
    return True
always.__name__ = "correct"
repaired = (clerk >> auditor).loop(until=always, max_rounds=3)""",
            "never content": "repaired = (clerk >> auditor).loop(until=lambda s: False, max_rounds=3)",
            "arrows": "repaired = graph(clerk >> auditor, auditor >> clerk, start=clerk, end=auditor)",
            "the clerk alone": "repaired = (clerk >> stamp).loop(until=correct, max_rounds=3)",
        },
    ),
    "07-1": Answers(
        right={"extremes": 'record = {"misled": 0.1, "reader": 1.0}'},
        wrong={
            "the other way round": 'record = {"misled": 0.9, "reader": 0.6}',
            "two coins": 'record = {"misled": 0.4, "reader": 0.5}',
            "a stranger": 'record = {"reader": 0.9}',
        },
    ),
    "07-2": Answers(
        right={"weighs reasons": """fifth = Agent("fifth", papers, model="sim:stubborn")
options = {"judge": Agent("judge", papers, model="sim:careful"), "prompt": "short"}"""},
        wrong={
            "the seat alone": """fifth = Agent("fifth", papers, model="sim:stubborn")
options = {}""",
            "the judge alone": """fifth = Agent("fifth", papers, model="sim:agreeable")
options = {"judge": reader}""",
            "the number by hand": """@pattern
async def fifth(question, output=None):
    return "424.18 + 120 = 544.18 EUR."
options = {"judge": reader}""",
            "an unknown option": """fifth = Agent("fifth", papers, model="sim:stubborn")
options = {"referee": reader}""",
        },
    ),
    "07-3": Answers(
        right={
            "six clerks": """mine = vote([Agent(f"clerk{n}", papers, model="sim:hasty") for n in range(6)],
            name="six clerks")"""
        },
        wrong={
            "a careful one": "mine = reader",
            "by the table": """@pattern
async def mine(question, output=None):
    return str(dict(questions)[question])""",
            "by heart": """@pattern
async def mine(question, output=None):
    said = question.split()
    dues, fee = rates[said[said.index("in") + 1]]
    return str(round(float(said[5]) * dues + fee, 2))""",
            "cheaper, no better": "mine = self_consistency(hasty, 3, name='mine')",
        },
    ),
    "08-1": Answers(
        right={"long": "my_deadline_s = 6.5", "short": "my_deadline_s = 1.8"},
        wrong={"none": "my_deadline_s = None", "too long": "my_deadline_s = 9",
               "too short": "my_deadline_s = 0.5", "negative": "my_deadline_s = -1"},
    ),
    "08-2": Answers(
        right={
            "by events": """def trusted(name, bid):
    total = bid["cost"]
    for run in log.runs():
        for event in log.read(run.id):
            if event.kind == "noted" and event.topic == "breach" and event.data["by"] == name:
                total += 20
    return total"""
        },
        wrong={
            "the name by hand": """def trusted(name, bid):
    return bid["cost"] + (20 if name == "bo" else 0)""",
            "once for all": """def trusted(name, bid):
    return bid["cost"] + 20 * any(
        b["by"] == name for run in log.runs() for b in noted(run.id, "breach"))""",
            "any breach": """def trusted(name, bid):
    return bid["cost"] + 20 * sum(len(noted(run.id, "breach")) for run in log.runs())""",
        },
    ),
    "08-3": Answers(
        right={
            "the greatest": """def settle(wanted):
    return sorted(wanted.values())[-1]""",
            "by who reports": """def settle(wanted):
    return wanted[min(wanted)]""",
            "by the most, then the name": """def settle(reports):
    from collections import Counter
    votes = Counter(reports.values())
    return min(votes, key=lambda place: (-votes[place], place))""",
        },
        wrong={
            "the place by hand": """def settle(wanted):
    return "Amber\"""",
            "the longest": """def settle(wanted):
    return max(wanted.values(), key=len)""",
            "the last": """def settle(wanted):
    return list(wanted.values())[-1]""",
            "the first": """def settle(wanted):
    return next(iter(wanted.values()))""",
            "all of them": """def settle(wanted):
    return " and ".join(sorted(wanted.values()))""",
        },
    ),
    "09-1": Answers(
        right={"less": "least = 0.4"},
        wrong={"too much": "least = 0.9", "too little": "least = 0.05", "no number": 'least = "high"'},
    ),
    "09-2": Answers(
        right={"by an operator": 'trusted = {"by": {"$in": ["office", "harbour master"]}}'},
        wrong={
            "not the stranger": 'trusted = {"by": {"$ne": "a stranger"}}',
            "the stranger": 'trusted = {"by": "a stranger"}',
            "nothing": 'trusted = {"by": "nobody"}',
        },
    ),
    "09-3": Answers(
        right={
            "by words": """def name(text):
    return " ".join(text.lower().split()[:-2])"""
        },
        wrong={
            "by hand": """def name(text):
    return "crane" if "crane" in text else "gate\"""",
            "letters": """def name(text):
    return text[:9]""",
            "one word": """def name(text):
    return text.split()[1]""",
            "one for all": """def name(text):
    return "logbook\"""",
        },
    ),
    "09-4": Answers(
        right={
            "in one line": """def prepare(memory):
    return memory.core_append("facts", "The gate code of the south quay is 4711.")"""
        },
        wrong={
            "into the archive": """async def prepare(memory):
    await memory.archive.remember("The gate code of the south quay is 4711.")""",
            "something else": """async def prepare(memory):
    await memory.core_append("facts", "There is a gate.")""",
        },
    ),
    "10-1": Answers(
        right={
            "by a loop": """def merged(plans):
    out = {}
    for plan in plans:
        for ship, quay in plan.items():
            out[ship] = max(out.get(ship, ""), quay)
    return out"""
        },
        wrong={
            "the last one wins": """def merged(plans):
    out = {}
    for plan in plans:
        out.update(plan)
    return out""",
            "by hand": """def merged(plans):
    return {"Avocet": "quay", "Heron": "pier", "Tern": "pier"}""",
            "two only": """def merged(plans):
    return {**plans[0], **plans[1], "Avocet": "quay"}""",
            "the first one wins": """def merged(plans):
    return {ship: quay for plan in reversed(plans) for ship, quay in plan.items()}""",
            "what all agree on": """def merged(plans):
    return {s: q for s, q in plans[0].items() if all(p.get(s) == q for p in plans)}""",
        },
    ),
    "10-2": Answers(
        right={
            "both guarantees": """options = dict(
    guarantees=["monotonic_reads", "read_your_writes"], otherwise="redirect")"""
        },
        wrong={
            "an error": 'options = dict(guarantees=["monotonic_reads"], otherwise="error")',
            "the other one": 'options = dict(guarantees=["read_your_writes"], otherwise="redirect")',
            "an unknown one": 'options = dict(guarantees=["always"])',
        },
    ),
    "10-3": Answers(
        right={
            "with other names": """def outs(seen, move):
    if move["way"] != "out":
        return seen
    copy = dict(seen)
    copy.setdefault(move["ship"], 0)
    copy[move["ship"]] += 1
    return copy""",
            "zeros for others": """def outs(state, event):
    return {**state, event["ship"]: state.get(event["ship"], 0) + (event["way"] == "out")}"""
        },
        wrong={
            "by hand": """def outs(state, event):
    return {"Heron": 1}""",
            "all moves": """def outs(state, event):
    return {**state, event["ship"]: state.get(event["ship"], 0) + 1}""",
            "without what was": """def outs(state, event):
    return {event["ship"]: 1} if event["way"] == "out" else state""",
            "the other way": """def outs(state, event):
    return {**state, event["ship"]: state.get(event["ship"], 0) + (event["way"] == "in")}""",
            "once only": """def outs(state, event):
    return {**state, event["ship"]: 1} if event["way"] == "out" else state""",
        },
    ),
    "11-1": Answers(
        right={
            "the letter's own id": """async def settle(letter, entries):
    receipt = await entries.append(letter.body, id=letter.id)
    if receipt is not None:
        await letter.ack()"""
        },
        wrong={
            "a set before the effect": """seen = set()
async def settle(letter, entries):
    if letter.body not in seen:
        seen.add(letter.body)
        await entries.append(letter.body)
    await letter.ack()""",
            "a set after the effect": """seen, busy = set(), asyncio.Lock()
async def settle(letter, entries):
    async with busy:
        if letter.id not in seen:
            await entries.append(letter.body)
            seen.add(letter.id)
        await letter.ack()""",
            "by what it says": """async def settle(letter, entries):
    await entries.append(letter.body, id=f"paid-{letter.body}")
    await letter.ack()""",
            "no ack": """async def settle(letter, entries):
    await entries.append(letter.body, id=letter.id)""",
        },
    ),
    "11-2": Answers(
        right={
            "in other letters": """def key_of(ship, what):
    return f"ship-{ship.lower()}\""""
        },
        wrong={
            "by what": """def key_of(ship, what):
    return what""",
            "two by hand": """def key_of(ship, what):
    return "a" if ship == "Heron" else "b\"""",
            "every letter": """def key_of(ship, what):
    return ship + what""",
            "the first letter": """def key_of(ship, what):
    return ship[0]""",
        },
    ),
    "11-3": Answers(
        right={"longer": "options = dict(ack_wait_s=1.3, max_deliveries=5)"},
        wrong={
            "one delivery": "options = dict(ack_wait_s=1, max_deliveries=1)",
            "too long": "options = dict(ack_wait_s=5, max_deliveries=3)",
            "an unknown option": "options = dict(patience=3)",
        },
    ),
    "12-1": Answers(
        right={
            "a function, all of one effect": """taken = dict(only=lambda name: name == "high_tide", effects="pure", prefix="t")""",
            "without": """taken = dict(without=["close_gate"], effects="pure", prefix="sea")""",
        },
        wrong={
            "the gate, too": """taken = dict(effects="pure", prefix="tides")""",
            "nobody knows": """taken = dict(only=["high_tide"], prefix="tides")""",
            "no prefix": """taken = dict(only=["high_tide"], effects="pure")""",
            "a text": """taken = dict(only="high_tide")""",
            "nothing": """taken = dict(only=[], prefix="tides")""",
            "unknown": """taken = dict(only=["low_tide"], prefix="tides")""",
        },
    ),
    "12-2": Answers(
        right={
            "by loops": """def caller(began):
    if not began.cause:
        return None
    actors = {}
    for event in log.read(began.cause.run):
        if event.kind == "scope.opened":
            actors[event.scope] = event.actor
        if event.kind == "step.started" and event.key == began.cause.step:
            return actors[event.scope], event.name""",
        },
        wrong={
            "by hand": """def caller(began):
    return ("messenger", "pilots_pilots")""",
            "by hand, with a look": """def caller(began):
    return None if began.cause is None else ("messenger", "pilots_pilots")""",
            "the first step": """def caller(began):
    if began.cause is None:
        return None
    step = next(e for e in log.read(began.cause.run) if e.kind == "step.started")
    return "messenger", step.name""",
            "no look": """def caller(began):
    step = next(e for e in log.read(began.cause.run) if e.key == began.cause.step)
    return step.actor, step.name""",
        },
    ),
    "12-3": Answers(
        right={
            "with names": """mine = Policy(name="tower", sources={"tool:b*": CLEAN, "memory:log*": CLEAN, "tool:weather": UNTRUSTED},
              on_write="ask", clears={"tool:signal": "public"})""",
        },
        wrong={
            "all is clean": """mine = Policy(sources={"tool:*": CLEAN, "memory:*": CLEAN}, on_write="ask")""",
            "off": "mine = OFF",
            "asks about everything": """mine = Policy(sources={"tool:berths": CLEAN, "memory:logbook": CLEAN}, on_write="ask", on_influence="ask")""",
            "an undeclared logbook": """mine = Policy(sources={"tool:berths": CLEAN}, on_write="ask")""",
            "allows the signal": """mine = Policy(sources={"tool:berths": CLEAN, "memory:logbook": CLEAN}, on_write="ask", acts={"tool:signal": "allow"})""",
            "no policy": "mine = None",
        },
    ),
    "13-1": Answers(
        right={
            "by the module statistics": """import statistics
def hedge_after(latencies):
    return statistics.quantiles(latencies, n=20)[-1]"""
        },
        wrong={
            "a fixed number": """def hedge_after(latencies):
    return 0.295""",
            "the median": """def hedge_after(latencies):
    return sorted(latencies)[len(latencies) // 2]""",
            "the slowest": """def hedge_after(latencies):
    return max(latencies)""",
            "without sorting": """def hedge_after(latencies):
    return latencies[-(-95 * len(latencies) // 100) - 1]""",
        },
    ),
    "13-2": Answers(
        right={
            "by uniform": """def pause(n, base, cap, dice):
    bound = base
    for _ in range(n - 1):
        bound = min(cap, bound * 2)
    return min(bound, cap) * dice.random()"""
        },
        wrong={
            "without jitter": """def pause(n, base, cap, dice):
    return min(cap, base * 2 ** (n - 1))""",
            "half of it jitter": """def pause(n, base, cap, dice):
    bound = min(cap, base * 2 ** (n - 1))
    return bound / 2 + dice.random() * bound / 2""",
            "without a cap": """def pause(n, base, cap, dice):
    return dice.random() * base * 2 ** (n - 1)""",
            "one too far": """def pause(n, base, cap, dice):
    return dice.random() * min(cap, base * 2**n)""",
            "numbers by hand": """def pause(n, base, cap, dice):
    return dice.random() * min(20, 0.5 * 2 ** (n - 1))""",
        },
    ),
    "13-3": Answers(
        right={
            "word by word": """def may_pass(answer):
    words = answer.text.replace(",", "").split()
    amounts = []
    for number, unit in zip(words, words[1:]):
        if unit.strip(".;") == "EUR":
            try:
                amounts.append(float(number))
            except ValueError:
                pass
    if not amounts:
        return "say how many EUR"
    return max(amounts) <= 10_000 or "checked" in answer.text or "have it checked\""""
        },
        wrong={
            "the first amount": """import re
def may_pass(answer):
    found = re.search(r"([0-9,.]+) EUR", answer.text)
    if not found:
        return "no amount"
    return float(found[1].replace(",", "")) <= 10_000 or "checked" in answer.text or "too much\"""",
            "nothing passes": """def may_pass(answer):
    return "no\"""",
            "without a reason": """import re
def may_pass(answer):
    found = [float(one.replace(",", "")) for one in re.findall(r"([0-9][0-9,]*(?:[.][0-9]+)?) EUR", answer.text)]
    return bool(found) and (max(found) <= 10_000 or "checked" in answer.text)""",
        },
    ),
    "14-1": Answers(
        right={
            "one after the other": """def all_right(n, c, k):
    chance = 1.0
    for i in range(k):
        chance *= max(0, c - i) / (n - i)
    return chance""",
        },
        wrong={
            "with putting back": """def all_right(n, c, k):
    return (c / n) ** k""",
            "pass@k": """from math import comb
def all_right(n, c, k):
    return 1 - comb(n - c, k) / comb(n, k)""",
            "all or nothing": """def all_right(n, c, k):
    return float(c == n)""",
        },
    ),
    "15-1": Answers(
        right={
            "newest first": """class Storage:
    def __init__(self):
        self.values, self.epochs = {}, {}

    def write(self, run, epoch, value):
        newest = max(epoch, self.epochs.get(run, 0))
        if newest > epoch:
            return False
        self.values[run], self.epochs[run] = value, newest
        return True""",
        },
        wrong={
            "the next epoch only": """class Storage:
    def __init__(self):
        self.values, self.epochs = {}, {}

    def write(self, run, epoch, value):
        if epoch != self.epochs.get(run, 0) + 1:
            return False
        self.values[run], self.epochs[run] = value, epoch
        return True""",
            "one epoch for all": """class Storage:
    def __init__(self):
        self.values, self.newest = {}, 0

    def write(self, run, epoch, value):
        if epoch < self.newest:
            return False
        self.values[run], self.newest = value, epoch
        return True""",
            "says no and stores": """class Storage:
    def __init__(self):
        self.values, self.epochs = {}, {}

    def write(self, run, epoch, value):
        self.values[run] = value
        taken = epoch >= self.epochs.get(run, 0)
        self.epochs[run] = max(epoch, self.epochs.get(run, 0))
        return taken""",
            "forgets the newest": """class Storage:
    def __init__(self):
        self.values, self.epochs = {}, {}

    def write(self, run, epoch, value):
        before = self.epochs.get(run, 0)
        self.epochs[run] = epoch
        if epoch < before:
            return False
        self.values[run] = value
        return True""",
        },
    ),
    "16-1": Answers(
        right={
            "by a loop over tokens": """def labelled(pieces, cut):
    both = [(token, said) for text, said in pieces for token in cut(text)]
    return [token for token, _ in both], [said for _, said in both]""",
        },
        wrong={
            "all of it": """def labelled(pieces, cut):
    tokens = [token for text, _ in pieces for token in cut(text)]
    return tokens, [True] * len(tokens)""",
            "cut as one text": """def labelled(pieces, cut):
    tokens = cut("".join(text for text, _ in pieces))
    flags = [said for text, said in pieces for _ in text]
    return tokens, flags[:: 2][: len(tokens)]""",
            "a label for each letter": """def labelled(pieces, cut):
    tokens = [token for text, _ in pieces for token in cut(text)]
    return tokens, [said for text, said in pieces for _ in text]""",
            "a label for each piece": """def labelled(pieces, cut):
    return [token for text, _ in pieces for token in cut(text)], [said for _, said in pieces]""",
        },
    ),
    "16-2": Answers(
        right={
            "step by step": """def largest_rank(shapes, most):
    rank = 0
    while sum((rank + 1) * (out + width) for out, width in shapes) <= most:
        rank += 1
    return rank""",
        },
        wrong={
            "always sixteen": """def largest_rank(shapes, most):
    return 16""",
            "of the whole matrix": """def largest_rank(shapes, most):
    return most // sum(out * width for out, width in shapes)""",
            "one of the two": """def largest_rank(shapes, most):
    return most // sum(width for out, width in shapes)""",
            "rounded": """def largest_rank(shapes, most):
    return round(most / sum(out + width for out, width in shapes))""",
        },
    ),
    "20-1": Answers(
        right={
            "by cases": """def on_number(mine, heard):
    if heard < mine:
        return "drop"
    if heard > mine:
        return "pass"
    return "lead\"""",
        },
        wrong={
            "passes all": """def on_number(mine, heard):
    return "lead" if heard == mine else "pass\"""",
            "the smallest": """def on_number(mine, heard):
    return "lead" if heard == mine else "pass" if heard < mine else "drop\"""",
            "never leads": """def on_number(mine, heard):
    return "pass" if heard >= mine else "drop\"""",
            "the largest it knows": """def on_number(mine, heard):
    return "lead" if mine >= heard else "pass\"""",
        },
    ),
    "20-2": Answers(
        right={
            "a vote for each term": """class Voter:
    def __init__(self):
        self.votes = {}

    def vote(self, term, candidate):
        if self.votes and term < max(self.votes):
            return False
        return self.votes.setdefault(term, candidate) == candidate""",
        },
        wrong={
            "for everybody": """class Voter:
    def vote(self, term, candidate):
        return True""",
            "for nobody": """class Voter:
    def vote(self, term, candidate):
        return False""",
            "forgets whom": """class Voter:
    term = 0

    def vote(self, term, candidate):
        if term <= self.term:
            return False
        self.term = term
        return True""",
            "old terms, too": """class Voter:
    def __init__(self):
        self.votes = {}

    def vote(self, term, candidate):
        return self.votes.setdefault(term, candidate) == candidate""",
            "once for ever": """class Voter:
    chosen = None

    def vote(self, term, candidate):
        self.chosen = self.chosen or candidate
        return self.chosen == candidate""",
        },
    ),
    "20-3": Answers(
        right={
            "most frequent word": """def decide(heard, told):
    words = [*told.values(), heard]
    return max(words, key=words.count)""",
            "by counting": """from collections import Counter

def decide(heard, told):
    count = Counter([heard, *told.values()])
    return "attack" if count["attack"] >= 2 else "retreat\"""",
        },
        wrong={
            "obeys": """def decide(heard, told):
    return heard""",
            "always retreats": """def decide(heard, told):
    return "retreat\"""",
            "only if all agree": """def decide(heard, told):
    return "attack" if {heard, *told.values()} == {"attack"} else "retreat\"""",
            "asks the others only": """def decide(heard, told):
    return "attack" if list(told.values()).count("attack") >= 2 else "retreat\"""",
            "one is enough": """def decide(heard, told):
    return "attack" if "attack" in (heard, *told.values()) else "retreat\"""",
        },
    ),
    "21-1": Answers(
        right={
            "by loops": """def joined(models, counts):
    total = [0.0] * len(models[0])
    for model, count in zip(models, counts):
        for k, weight in enumerate(model):
            total[k] += weight * count
    return [one / sum(counts) for one in total]""",
        },
        wrong={
            "the first": """def joined(models, counts):
    return models[0]""",
            "without weights": """def joined(models, counts):
    return [sum(column) / len(models) for column in zip(*models)]""",
            "not divided": """def joined(models, counts):
    return [sum(n * w for n, w in zip(counts, column)) for column in zip(*models)]""",
            "the largest member": """def joined(models, counts):
    return models[counts.index(max(counts))]""",
        },
    ),
    "21-2": Answers(
        right={
            "the median": """import statistics

def robust(numbers, liars):
    return statistics.median(numbers) if liars else statistics.mean(numbers)""",
        },
        wrong={
            "the mean": """def robust(numbers, liars):
    return sum(numbers) / len(numbers)""",
            "drops the largest only": """def robust(numbers, liars):
    kept = sorted(numbers)[: len(numbers) - liars]
    return sum(kept) / len(kept)""",
            "always drops one": """def robust(numbers, liars):
    kept = sorted(numbers)[1:-1]
    return sum(kept) / len(kept)""",
            "alters the list": """def robust(numbers, liars):
    numbers.sort()
    kept = numbers[liars : len(numbers) - liars]
    return sum(kept) / len(kept)""",
            "always the median": """import statistics

def robust(numbers, liars):
    return statistics.median(numbers)""",
        },
    ),
    "21-3": Answers(
        right={
            "by place in the list": """def hidden(number, who, everybody, secret):
    here = everybody.index(who)
    after = sum(secret(who, other) for other in everybody[here + 1 :])
    return number + after - sum(secret(other, who) for other in everybody[:here])""",
        },
        wrong={
            "the number": """def hidden(number, who, everybody, secret):
    return number""",
            "all are added": """def hidden(number, who, everybody, secret):
    return number + sum(secret(who, other) for other in everybody if other != who)""",
            "only with the next": """def hidden(number, who, everybody, secret):
    here = everybody.index(who)
    before, after = everybody[here - 1], everybody[(here + 1) % len(everybody)]
    return number + secret(who, after) - secret(before, who)""",
            "noise of its own": """import random

def hidden(number, who, everybody, secret):
    return number + random.randrange(10**9)""",
        },
    ),
    "22-1": Answers(
        right={
            "by best replies": """def stable(rows, columns, pays):
    found = []
    for one in rows:
        for two in columns:
            down = max(pays(other, two)[0] for other in rows)
            across = max(pays(one, other)[1] for other in columns)
            if pays(one, two) == (down, across):
                found.append([one, two])
    return found""",
        },
        wrong={
            "by hand": """def stable(rows, columns, pays):
    return [("defect", "defect")] if "defect" in rows else [("stag", "stag"), ("hare", "hare")] if "stag" in rows else []""",
            "best for both": """def stable(rows, columns, pays):
    every = [(one, two) for one in rows for two in columns]
    return [max(every, key=lambda pair: sum(pays(*pair)))]""",
            "strictly better": """def stable(rows, columns, pays):
    return [
        (one, two) for one in rows for two in columns
        if all(pays(one, two)[0] > pays(other, two)[0] for other in rows if other != one)
        and all(pays(one, two)[1] > pays(one, other)[1] for other in columns if other != two)
    ]""",
            "the row player alone": """def stable(rows, columns, pays):
    return [(one, two) for one in rows for two in columns if all(pays(one, two)[0] >= pays(other, two)[0] for other in rows)]""",
        },
    ),
    "22-2": Answers(
        right={
            "tit for two tats": """def next_move(mine, theirs):
    return "defect" if theirs[-2:] == ["defect", "defect"] else "cooperate\"""",
            "generous by count": """def next_move(mine, theirs):
    if theirs and theirs[-1] == "defect" and theirs.count("defect") % 3:
        return "defect"
    return "cooperate\"""",
        },
        wrong={
            "tit for tat": """def next_move(mine, theirs):
    return theirs[-1] if theirs else "cooperate\"""",
            "always nice": """def next_move(mine, theirs):
    return "cooperate\"""",
            "grim": """def next_move(mine, theirs):
    return "defect" if "defect" in theirs else "cooperate\"""",
            "another word": """def next_move(mine, theirs):
    return "help\"""",
        },
    ),
    "22-3": Answers(
        right={
            "what each costs the others": """def toll(slope, wide):
    share = wide / (2 * slope)
    return slope * share""",
        },
        wrong={
            "half an hour": """def toll(slope, wide):
    return 0.5""",
            "by the slope": """def toll(slope, wide):
    return slope / 2""",
            "so dear that nobody drives there": """def toll(slope, wide):
    return wide""",
        },
    ),
    "23-1": Answers(
        right={
            "by search": """def my_bid(value, n):
    tries = [value * k / 1000 for k in range(1001)]
    return max(tries, key=lambda bid: min(1, bid * n / (n - 1)) ** (n - 1) * (value - bid))""",
        },
        wrong={
            "half of it": """def my_bid(value, n):
    return value / 2""",
            "a cent less": """def my_bid(value, n):
    return value - 0.01""",
            "nothing": """def my_bid(value, n):
    return 0""",
            "one rival too many": """def my_bid(value, n):
    return value * n / (n + 1)""",
        },
    ),
    "23-2": Answers(
        right={
            "by counting": """def sell(bids, k):
    rank = {who: sum(other > bid for other in bids.values()) for who, bid in bids.items()}
    losers = [bids[who] for who in bids if rank[who] >= k]
    return {who for who in bids if rank[who] < k}, max(losers, default=0)""",
        },
        wrong={
            "the lowest winner": """def sell(bids, k):
    order = sorted(bids, key=bids.get, reverse=True)
    return set(order[:k]), bids[order[:k][-1]]""",
            "the second price for all": """def sell(bids, k):
    order = sorted(bids, key=bids.get, reverse=True)
    return set(order[:k]), bids[order[1]] if len(order) > 1 else 0""",
            "for nothing": """def sell(bids, k):
    order = sorted(bids, key=bids.get, reverse=True)
    return set(order[:k]), 0""",
            "the lowest of all": """def sell(bids, k):
    order = sorted(bids, key=bids.get, reverse=True)
    return set(order[:k]), bids[order[-1]] if len(order) > k else 0""",
        },
    ),
    "23-3": Answers(
        right={
            "by the library": """import statistics

def meet(peaks):
    return statistics.median(peaks)""",
        },
        wrong={
            "the middle of the range": """def meet(peaks):
    return (min(peaks) + max(peaks)) / 2""",
            "the first one decides": """def meet(peaks):
    return peaks[0]""",
            "always five": """def meet(peaks):
    return 5""",
            "the mean of the inner ones": """def meet(peaks):
    inner = sorted(peaks)[1:-1]
    return sum(inner) / len(inner)""",
            "the median, rounded to tens": """def meet(peaks):
    return round(sorted(peaks)[len(peaks) // 2], -1)""",
        },
    ),
    "24-1": Answers(
        right={
            "by the order of first mention": """def claim_order(needs):
    order = list(dict.fromkeys(one for each in needs for one in each))
    return [sorted(each, key=order.index) for each in needs]""",
            "backwards": """def claim_order(needs):
    return [sorted(each, reverse=True) for each in needs]""",
        },
        wrong={
            "the other way round": """def claim_order(needs):
    return [list(reversed(each)) for each in needs]""",
            "nobody gets two": """def claim_order(needs):
    return [each[:1] for each in needs]""",
            "by length": """def claim_order(needs):
    return [sorted(each, key=len) for each in needs]""",
            "the second one turned": """def claim_order(needs):
    return [needs[0], *[list(reversed(each)) for each in needs[1:]]]""",
        },
    ),
    "24-2": Answers(
        right={
            "the other way round": """def terminate(others):
    if set(others) == {"ready"}:
        return "wait"
    return "commit" if "committed" in others else "abort\"""",
        },
        wrong={
            "always gives up": """def terminate(others):
    return "abort\"""",
            "all are ready, so go": """def terminate(others):
    return "commit" if set(others) <= {"ready", "committed"} else "abort\"""",
            "waits for who has not voted": """def terminate(others):
    if "committed" in others:
        return "commit"
    return "abort" if "aborted" in others else "wait\"""",
            "by the first": """def terminate(others):
    return {"committed": "commit", "aborted": "abort", "idle": "abort"}.get(others[0], "wait")""",
        },
    ),
    "24-3": Answers(
        right={
            "closed by a number": """class Store:
    def __init__(self):
        self.result, self.least = None, 0

    def show(self, number):
        self.least = max(number, self.least)

    def take(self, number, result):
        if number >= self.least:
            self.result, self.least = result, float("inf")
            return True
        return False""",
        },
        wrong={
            "the first one wins": """class Store:
    def __init__(self):
        self.result = None

    def show(self, number):
        pass

    def take(self, number, result):
        if self.result is None:
            self.result = result
            return True
        return False""",
            "the last that was shown": """class Store:
    def __init__(self):
        self.result, self.newest, self.taken = None, 0, False

    def show(self, number):
        self.newest = number

    def take(self, number, result):
        if self.taken or number < self.newest:
            return False
        self.result, self.taken = result, True
        return True""",
            "newer ones replace it": """class Store:
    def __init__(self):
        self.result, self.newest = None, 0

    def show(self, number):
        self.newest = max(self.newest, number)

    def take(self, number, result):
        if number < self.newest:
            return False
        self.result = result
        return True""",
        },
    ),
    "25-1": Answers(
        right={
            "by a copy": """def own_part(value, moves, seat, idle):
    other = list(moves)
    other[seat] = idle
    return value(list(moves)) - value(other)""",
        },
        wrong={
            "what all got": """def own_part(value, moves, seat, idle):
    return value(moves)""",
            "an equal share": """def own_part(value, moves, seat, idle):
    return value(moves) / len(moves)""",
            "alters the moves": """def own_part(value, moves, seat, idle):
    got = value(moves)
    moves[seat] = idle
    return got - value(moves)""",
            "alone against nobody": """def own_part(value, moves, seat, idle):
    return value([idle] * seat + [moves[seat]]) - value([idle])""",
            "the other way round": """def own_part(value, moves, seat, idle):
    return value([*moves[:seat], idle, *moves[seat + 1 :]]) - value(moves)""",
        },
    ),
    "25-2": Answers(
        right={
            "a hundredth as fast": """def updated(value, reward, rate):
    if reward > value:
        return (1 - rate) * value + rate * reward
    return value - 0.008 * rate * (value - reward)""",
        },
        wrong={
            "as it was": """def updated(value, reward, rate):
    return value + rate * (reward - value)""",
            "only good news": """def updated(value, reward, rate):
    return max(value, value + rate * (reward - value))""",
            "the largest so far": """def updated(value, reward, rate):
    return max(value, reward)""",
            "half as fast": """def updated(value, reward, rate):
    return value + (rate if reward > value else rate / 2) * (reward - value)""",
            "too sure": """def updated(value, reward, rate):
    return value + (3 if reward > value else 0.001) * (reward - value)""",
        },
    ),
    "25-3": Answers(
        right={
            "with a for and an any": """def punishes(seller, usual, cut):
    prices = [seller(usual, cut)]
    for _ in range(10):
        prices.append(seller(prices[-1], usual))
    return prices[0] < usual and any(price == usual for price in prices[1:])""",
        },
        wrong={
            "always": """def punishes(seller, usual, cut):
    return True""",
            "without forgiveness": """def punishes(seller, usual, cut):
    return seller(usual, cut) < usual""",
            "only forgiveness": """def punishes(seller, usual, cut):
    price = seller(usual, cut)
    for _ in range(10):
        price = seller(price, usual)
    return price == usual""",
            "any change": """def punishes(seller, usual, cut):
    return seller(usual, cut) != usual""",
            "for ever patient": """def punishes(seller, usual, cut):
    price = seller(usual, cut)
    if price >= usual:
        return False
    for _ in range(1000):
        price = seller(price, usual)
    return price == usual""",
        },
    ),
    "26-1": Answers(
        right={
            "by complex numbers": """import cmath

def heading(angles):
    return cmath.phase(sum(cmath.rect(1, angle) for angle in angles))""",
        },
        wrong={
            "the mean of the numbers": """def heading(angles):
    return sum(angles) / len(angles)""",
            "the first": """def heading(angles):
    return angles[0]""",
            "the median": """def heading(angles):
    return sorted(angles)[len(angles) // 2]""",
            "around the circle": """import math

def heading(angles):
    return sum(angle % (2 * math.pi) for angle in angles) / len(angles)""",
            "in degrees": """import math

def heading(angles):
    return math.degrees(math.atan2(sum(map(math.sin, angles)), sum(map(math.cos, angles))))""",
        },
    ),
    "26-2": Answers(
        right={
            "a fixed half": """def moves(here, need, there, wants, luck):
    return here > need and there < wants and luck < min(0.5, (here - need) / here)""",
        },
        wrong={
            "to whoever is needed": """def moves(here, need, there, wants, luck):
    return there < wants""",
            "always if too many": """def moves(here, need, there, wants, luck):
    return here > need and there < wants""",
            "never": """def moves(here, need, there, wants, luck):
    return False""",
            "by chance alone": """def moves(here, need, there, wants, luck):
    return luck < 0.5""",
            "too shy": """def moves(here, need, there, wants, luck):
    return here > need and there < wants and luck < 0.02""",
        },
    ),
    "26-3": Answers(
        right={
            "by counting": """def in_force(workers, sites, budget, still):
    wait = -(-(workers + sites) // budget)
    return (still - wait) / still if wait < still else 0.0""",
        },
        wrong={
            "always": """def in_force(workers, sites, budget, still):
    return 1.0""",
            "below 0": """def in_force(workers, sites, budget, still):
    return 1 - -(-(workers + sites) // budget) / still""",
            "parts of steps": """def in_force(workers, sites, budget, still):
    return max(0.0, 1 - (workers + sites) / budget / still)""",
            "only the workers": """def in_force(workers, sites, budget, still):
    return max(0.0, 1 - -(-workers // budget) / still)""",
        },
    ),
    "27-1": Answers(
        right={
            "in one rule": """def must_hold():
    both = before(answered("auditor", "OK"), "pay") & before(answered("critic", "OK"), "pay")
    return [both & at_most(1, "pay")]""",
        },
        wrong={
            "nothing may happen": """def must_hold():
    return [never("pay"), at_most(1, "pay")]""",
            "either is enough": """def must_hold():
    return [before(answered("critic", "OK"), "pay") | before(answered("auditor", "OK"), "pay"), at_most(1, "pay")]""",
            "whatever they answer": """def must_hold():
    return [before(answered("critic"), "pay"), before(answered("auditor"), "pay"), at_most(1, "pay")]""",
            "as often as you like": """def must_hold():
    return [before(answered("critic", "OK"), "pay"), before(answered("auditor", "OK"), "pay")]""",
            "no rules": """def must_hold():
    return []""",
        },
    ),
    "27-2": Answers(
        right={
            "flat": """manager = Agent("manager", "The critic refuses. Say OK or NO.")

@pattern
async def refunds(task):
    for one in (critic, manager):
        try:
            if (await one(task)).text.strip() == "OK":
                break
        except Exception:
            continue
    else:
        return "refused"
    return (await cashier(task)).text""",
        },
        wrong={
            "never pays": """manager = Agent("manager", "x")

@pattern
async def refunds(task):
    return "refused\"""",
            "lets failures through": """manager = Agent("manager", "x")

@pattern
async def refunds(task):
    if ok(await critic(task)) or ok(await manager(task)):
        return (await cashier(task)).text
    return "refused\"""",
            "the manager is not asked": """manager = Agent("manager", "x")

@pattern
async def refunds(task):
    try:
        fine = ok(await critic(task))
    except Exception:
        fine = False
    return (await cashier(task)).text if fine else "refused\"""",
            "pays unless both say NO": """manager = Agent("manager", "x")

@pattern
async def refunds(task):
    said = []
    for one in (critic, manager):
        try:
            said.append((await one(task)).text)
        except Exception:
            said.append("")
    return "refused" if said == ["NO", "NO"] else (await cashier(task)).text""",
        },
    ),
    "27-3": Answers(
        right={
            "by length": """def shortest(program):
    waiting = [[]]
    while waiting:
        prefix = waiting.pop(0)
        taken, open_at = [], []

        def choose(options):
            options = list(options)
            pick = prefix[len(taken)] if len(taken) < len(prefix) else options[0]
            if len(taken) >= len(prefix):
                open_at.append((list(taken), options))
            taken.append(pick)
            return pick

        if not program(choose) and len(taken) == len(prefix):
            return taken
        if open_at:
            before, options = open_at[0]
            waiting += [[*before, one] for one in options]
        waiting.sort(key=len)
    return None""",
        },
        wrong={
            "the first that fails": """def shortest(program):
    import itertools
    for picks in itertools.product(range(3), repeat=8):
        taken, left = [], list(picks)
        def choose(options):
            taken.append(list(options)[min(left.pop(0), len(options) - 1)])
            return taken[-1]
        if not program(choose):
            return taken
    return None""",
            "always the first option": """def shortest(program):
    taken = []
    def choose(options):
        taken.append(options[0])
        return options[0]
    return taken if not program(choose) else None""",
            "written in": """def shortest(program):
    return ["NO", "NO", "NO", "NO", "pay"] if program is loops else None""",
        },
    ),
}  # fmt: skip
