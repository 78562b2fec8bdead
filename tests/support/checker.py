"""The checker: many subscribers at random offsets under load, each judged against the oracle.

Prints a line per subscriber on request and a summary always; a run is good when every subscriber
got exactly what the topic holds from its start on, and every acked event is in the topic.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from support.oracle import Oracle, Verdict, judge, read_topic
from support.producer import Answers, SteadyProducer
from support.subscriber import CheckingSubscriber


@dataclass(frozen=True, slots=True)
class Load:
    """What the checker does."""

    subscribers: int = 100
    rate: int = 2000
    seconds: float = 30.0
    history: int = 10_000
    """Events that are in the topic before the first subscriber comes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    answers: Answers
    oracle: Oracle
    subscribers: list[CheckingSubscriber]
    verdicts: list[Verdict]

    @property
    def live_at_the_end(self) -> int:
        """Subscribers that had reached the tip."""
        return sum(1 for each in self.subscribers if each.notes.live_s is not None)

    def acked_missing(self) -> list[str]:
        """Acked events that do not stand in the topic where their ack said."""
        return [
            name for name, where in self.answers.acked.items() if self.oracle.ids.get(where) != name
        ]

    def table(self) -> str:
        """One line per subscriber."""
        lines = ["since        got  expected  gaps  dups  reordered  live share"]
        for subscriber, verdict in zip(self.subscribers, self.verdicts, strict=True):
            since = subscriber.parameters.removeprefix("since=").partition("&")[0]
            lines.append(
                f"{since:<9} {verdict.got:>6} {verdict.expected:>9} "
                f"{verdict.gaps:>5} {verdict.duplicates:>5} {verdict.reorderings:>10} "
                f"{subscriber.notes.live_share:>10.0%}"
            )
        return "\n".join(lines)

    def summary(self) -> str:
        """The run in one line."""
        total = Verdict(
            *[sum(column) for column in zip(*[_columns(v) for v in self.verdicts], strict=True)]
        )
        shares = sorted(each.notes.live_share for each in self.subscribers)
        return (
            f"checker: {len(self.subscribers)} subscribers, {len(self.answers.acked)} acked, "
            f"{total.got} received of {total.expected}; gaps {total.gaps}, "
            f"duplicates {total.duplicates}, reorderings {total.reorderings}, acked but missing "
            f"{len(self.acked_missing())}; live at the end {self.live_at_the_end}, share of time "
            f"live {shares[0]:.0%} to {shares[-1]:.0%}, median {shares[len(shares) // 2]:.0%}"
        )


def _columns(verdict: Verdict) -> tuple[int, int, int, int, int]:
    return (
        verdict.expected,
        verdict.got,
        verdict.gaps,
        verdict.duplicates,
        verdict.reorderings,
    )


async def run_checker(
    *,
    bootstrap: str,
    topic: str,
    listener_url: str,
    publisher_url: str,
    load: Load,
    seed: int | None = None,
    during: Callable[[], None] | None = None,
) -> Outcome:
    """Fill the topic, then produce steadily while subscribers join at random offsets."""
    chance = random.Random(seed)
    history = SteadyProducer(listener_url, "history", rate=10_000)
    filled = await history.run(seconds=load.history / 10_000)
    producer = SteadyProducer(listener_url, "steady", rate=load.rate)
    producing = asyncio.ensure_future(producer.run(seconds=load.seconds))
    subscribers: list[CheckingSubscriber] = []
    joining_s = load.seconds * 2 / 3
    for number in range(load.subscribers):
        top = len(filled.acked) + len(producer.answers.acked)
        batch = "&batch=true" if number % 3 == 0 else ""
        since = f"since={chance.randrange(top + 1)}{batch}"
        subscriber = CheckingSubscriber(publisher_url, since)
        await subscriber.open()
        subscribers.append(subscriber)
        await asyncio.sleep(chance.uniform(0, 2 * joining_s / load.subscribers))
    if during is not None:
        during()
    answers = await producing
    oracle = await read_topic(bootstrap, topic)
    await _settle(subscribers, oracle)
    for subscriber in subscribers:
        await subscriber.close()
    verdicts = [
        judge(oracle, each.notes.got, each.notes.start(), oracle.ends) for each in subscribers
    ]
    answers.sent[:0] = filled.sent
    answers.acked.update(filled.acked)
    answers.nacked.update(filled.nacked)
    return Outcome(answers, oracle, subscribers, verdicts)


async def _settle(subscribers: list[CheckingSubscriber], oracle: Oracle) -> None:
    """Wait until everybody has got to the end; those who do not are judged as they are."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + 30
    while loop.time() < deadline_s and not all(
        each.notes.reached(oracle.ends) for each in subscribers
    ):
        await asyncio.sleep(0.05)
