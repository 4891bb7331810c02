"""Intervals and tests for right and wrong answers to the same questions.

A question asked with several seeds gives answers that resemble each other, so the question
and not the answer is what counts as one observation (Miller 2024, Adding Error Bars to
Evals). Everything here is exact or closed. How often the intervals hold is simulated by
`python -m benchmarks.evaluation --coverage`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from statistics import NormalDist

CONFIDENCE = 0.95

MIND = 0.5
"""Questions whose trials are all of one mind, that are counted with those asked where it is
estimated how far trials cluster: few questions say too little of it. Half a one is the least with
which all simulated intervals hold; our choice."""

LARGEST, FLIPS = 1 << 25, 10_000
"""Bytes of sums up to which they are enumerated, some seconds' work; signs that are drawn else."""

Interval = tuple[float, float]


def z_of(confidence: float) -> float:
    """Return the normal quantile of a two-sided confidence, such as 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(share: float, count: float, confidence: float = CONFIDENCE) -> Interval:
    """Return the score interval of a proportion.

    Args:
        share: of successes, 0..1.
        count: observations; may be an effective number, see `effective`.
        confidence: 0..1.

    Source: Wilson 1927; recommended by Brown, Cai & DasGupta 2001, Interval Estimation for a
    Binomial Proportion.
    """
    if count <= 0:
        return 0.0, 1.0
    z2 = z_of(confidence) ** 2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = math.sqrt(z2 * (share * (1 - share) / count + z2 / (4 * count**2))) / (1 + z2 / count)
    low = 0.0 if share == 0 else max(0.0, middle - half)
    return low, 1.0 if share == 1 else min(1.0, middle + half)


def effective(clusters: Sequence[Sequence[float]]) -> float:
    """Return as how many independent observations clustered ones count.

    As many as questions would whose trials are all of one mind, over how far these are: the
    variance of the questions' means over the largest that it could be. Half a question of one mind
    is counted with those that were asked, as the variance of few is too often too small: a rare
    failure may be of one trial or of all, and until it was seen nobody knows.

    Args:
        clusters: for each question its trials: right or wrong, or scores from 0 to 1.

    Source: Miller 2024 for the variance; Kish 1965, Survey Sampling, for the design effect and for
    questions of different numbers of trials; the half question is our choice.
    """
    clusters = [one for one in clusters if one]
    if plain(clusters):
        return float(len(clusters))
    count, squares = sum(map(len, clusters)), sum(len(one) ** 2 for one in clusters)
    share = sum(map(sum, clusters)) / count
    weigh = len(clusters) / squares
    seen = sum(weigh * (sum(one) - share * len(one)) ** 2 for one in clusters)
    most = len(clusters) * share * (1 - share)
    found = count**2 / squares * (most + MIND / 4) / (seen + MIND / 4)
    whole = all(value in (0, 1) for one in clusters for value in one)
    return min(found, float(count)) if whole else found


def plain(clusters: Sequence[Sequence[float]]) -> bool:
    """Whether each question has one answer that is right or wrong, so that nothing clusters."""
    return all(len(one) == 1 and one[0] in (0, 1) for one in clusters)


def accuracy(clusters: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """Return the share of right answers, or the mean score, and its interval at 95 %.

    With one answer for each question it is Wilson's, which holds 95 % on average over true shares,
    and less at some of them where questions are few (85 % with three and a share of 0.95). With
    several it holds 94 % or more, and with fewer than twenty questions rather 97 to 99 %.

    Args:
        clusters: for each question its trials: right or wrong, or scores from 0 to 1.
    """
    count = sum(len(one) for one in clusters)
    if not count:
        return 0.0, 0.0, 1.0
    share = sum(sum(one) for one in clusters) / count
    return (share, *wilson(share, effective(clusters) * for_estimated(clusters)))


def bounded(
    clusters: Mapping[str, Sequence[bool]], unknown: Sequence[str]
) -> tuple[float, float, float]:
    """Return the same where it is not known what came of some observations.

    They may differ from the others in any way, so the interval goes from where it begins if all of
    them are wrong to where it ends if all are right; the share is that of the known ones.

    Args:
        clusters: whether each known observation was right, by question.
        unknown: the question of each other one.

    Source: Manski 1989, Anatomy of the Selection Problem, Journal of Human Resources 24; intervals
    around such bounds, Horowitz & Manski 2000, Journal of the American Statistical Association 95.
    """
    share, low, high = accuracy([*clusters.values()])
    for value in (False, True) if unknown else ():
        whole = {name: list(one) for name, one in clusters.items()}
        for name in unknown:
            whole.setdefault(name, []).append(value)
        _, least, most = accuracy([*whole.values()])
        low, high = min(low, least), max(high, most)
    return share, low, high


def for_estimated(clusters: Sequence[Sequence[float]], confidence: float = CONFIDENCE) -> float:
    """Return by what an effective number shrinks, as it was estimated from the same clusters.

    The design effect of few clusters is not known well, which Student's t in place of the normal
    quantile allows for; 1 where nothing clusters, as nothing is estimated then.

    Source: Korn & Graubard 1998, Confidence intervals for proportions with small expected number
    of positive counts estimated from survey data, Survey Methodology 24; with Wilson's interval,
    Dean & Pagano 2015, Journal of Survey Statistics and Methodology 3.
    """
    clusters = [one for one in clusters if one]
    if len(clusters) < 2 or plain(clusters):
        return 1.0
    return (z_of(confidence) / t_of(len(clusters) - 1, confidence)) ** 2


def t_of(freedom: int, confidence: float) -> float:
    """Return Student's quantile of a two-sided confidence, such as 2.02 for 0.95 and 39.

    Source: closed for 1 and 2 degrees of freedom; else Abramowitz & Stegun 1964, 26.7.5, which is
    off by less than a hundredth from 3 on at the usual confidences.
    """
    if freedom == 1:
        return math.tan(math.pi * confidence / 2)
    if freedom == 2:
        return confidence * math.sqrt(2 / (1 - confidence**2))
    z, n = z_of(confidence), freedom
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / math.pow(n, power) for power, term in enumerate(terms, 1))


def sign_flip(differences: Sequence[int], *, conservative: bool = False) -> float:
    """Return the two-sided p-value that paired differences are as likely + as -, as a mid-p.

    Each question's difference keeps its size and tosses a coin for its sign; p is the chance
    of a sum farther from 0, and half the chance of one just as far, enumerated exactly. With one
    answer per question this is McNemar's mid-p test on the questions that only one of the two got
    right. It gives a false alarm about as often as it says; the test that never gives more does so
    half as often with some 30 such questions, and overlooks more. Below six of them none is told.

    Args:
        differences: of each question, a whole number; where it is 0 it says nothing.
        conservative: count all of the sums just as far: McNemar's exact test.

    Source: Fisher 1935, The Design of Experiments, section 21; McNemar 1947; Lancaster 1961 for
    the mid-p; Fagerland, Lydersen & Laake 2013, The McNemar test for binary matched-pairs data:
    mid-p and asymptotic are better than exact conditional, who recommend it.
    """
    unit = math.gcd(*differences) or 1
    differences = [one // unit for one in differences if one]
    sizes = [abs(one) for one in differences]
    total, seen = sum(sizes), abs(sum(differences))
    if not seen:
        return 1.0
    # A polynomial of the sums of subsets, its coefficients side by side in one integer.
    width = len(sizes) // 8 + 1
    if total * width > LARGEST:
        return drawn_flips(sizes, seen, 1.0 if conservative else 0.5)
    sums = 1
    for size in sizes:
        sums += sums << (8 * width * size)
    edge = (total - seen) // 2 * width
    tail = (sums & ((1 << (8 * (edge + width))) - 1)).to_bytes(edge + width, "little")
    ways = [int.from_bytes(tail[at : at + width], "little") for at in range(0, edge + 1, width)]
    beyond, equal = sum(ways[:-1]), ways[-1]
    counted = 2 * (beyond + equal) if conservative else 2 * beyond + equal
    return min(1.0, counted / (1 << len(sizes)))


def drawn_flips(sizes: Sequence[int], seen: int, share: float) -> float:
    """Return the same by drawing signs, where the sums are too many to enumerate.

    Args:
        sizes: of the differences, above 0.
        seen: how far their sum is from 0.
        share: of the sums just as far that counts.

    Source: Phipson & Smyth 2010, Permutation P-values should never be zero.
    """
    rng = random.Random(0)
    found = 1.0
    for _ in range(FLIPS):
        bits = rng.getrandbits(len(sizes))
        total = sum(size if bits >> n & 1 else -size for n, size in enumerate(sizes))
        found += 1.0 if abs(total) > seen else share if abs(total) == seen else 0.0
    return found / (FLIPS + 1)


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for being several.

    Source: Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure.
    """
    order = sorted(range(len(values)), key=lambda place: values[place])
    adjusted, floor = [0.0] * len(values), 0.0
    for rank, place in enumerate(order):
        floor = max(floor, min(1.0, (len(values) - rank) * values[place]))
        adjusted[place] = floor
    return adjusted


def difference(
    pairs: Sequence[tuple[float, float, float]], confidence: float = CONFIDENCE
) -> tuple[float, float, float]:
    """Return a mean paired difference and its interval, which is within -1 and 1.

    Two questions more, one all for and one all against, keep few questions from claiming too much:
    where none was seen to differ, one may all the same. They weigh a question where trials of one
    question are of one mind, and as much less as these are not. It holds 93 % or more, also with
    three questions and with one in fifty that differs; with fewer than some twenty questions, or
    where nearly none differ, rather 97 to 100 %: such a study tells little. A percentile bootstrap
    holds 14 to 94 % there. Intervals and the sign-flip test may disagree at the edge.

    Args:
        pairs: for each question the sum of the differences, how many they are, and the sum of
            their sizes, without their signs; each difference is one of right or wrong, or of
            scores from 0 to 1.
        confidence: 0..1.

    Source: Bonett & Price 2012, Adjusted Wald Confidence Interval for a Difference of Binomial
    Proportions Based on Paired Data, Journal of Educational and Behavioral Statistics 37, which
    this is with one trial for each question but for Student's t; recommended by Fagerland, Lydersen
    & Laake 2014, Statistics in Medicine 33; before it Agresti & Min 2005, Statistics in Medicine
    24. The clustered variance is that of Miller 2024; how much the two questions weigh is ours.
    """
    pairs = [one for one in pairs if one[1]]
    if not pairs:
        return 0.0, -1.0, 1.0
    total, count, asked = sum(d for d, _, _ in pairs), sum(n for _, n, _ in pairs), len(pairs)
    alike = sum((d / n) ** 2 for d, n, _ in pairs) + MIND
    weight = count / asked * alike / (sum(size / n for _, n, size in pairs) + MIND)
    whole = count + 2 * weight
    middle = total / whole
    spread = sum((d - middle * n) ** 2 for d, n, _ in pairs)
    spread += (weight - middle * weight) ** 2 + (weight + middle * weight) ** 2
    half = t_of(max(1, asked - 1), confidence) * math.sqrt(spread) / whole
    return total / count, max(-1.0, middle - half), min(1.0, middle + half)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share lies, interpolated (Hyndman & Fan 1996, type 7)."""
    if not values:
        return 0.0
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
