"""Checks the proof of an allocation:  python3 verify.py FILE [FINGERPRINT ON THE RECEIPT]
Derives everything anew from the file's inputs, in whole numbers, and compares it with what the file
claims. Exit 0: the allocation keeps every rule and none is better. 1: it says what is wrong."""
import hashlib, json, re, sys
from bisect import bisect_left, bisect_right
from collections import Counter
from fractions import Fraction
from math import fsum
NOT_COVERED = """Only the digests cover: names, persons, operators, times, versions, seeds tried; reasons, authors and
words of changes (arithmetic covers what they edit); state and kind of the run, submitted and locked lists, buckets
that do not count, placements of other applications, data errors; time limit, solver, whether ties are allowed, a
cap above every rank, what a change replaces. The lots (seed): `python -m allocator replay FILE` draws them again."""
def need(ok, complaint):
    if not ok: raise SystemExit(f"NOT PROVEN: {complaint}.")
def digests(b, fingerprint):
    def sha(text): return hashlib.sha256(text.encode()).hexdigest()
    need(b["digest"] == sha(json.dumps({**b, "digest": ""}, sort_keys=True)), "the file was changed (digest)")
    text = "".join(json.dumps(fact, separators=(",", ":")) + "\n" for fact in b["inputs"])
    by_bucket = "/by-bucket" if b["settings"]["bucket_order"] else ""
    need(b["fingerprint"] == sha(text) + by_bucket, "the inputs were changed (fingerprint)")
    need(fingerprint in (None, b["fingerprint"]), "this is about other data than you named")
def tables_as_solved(b):
    """Table -> key -> value: the facts that were read, then what the scenario's changes edit (null removes)."""
    tables = {}
    for table, key, value in b["inputs"] + [edit for edits in b["edits"] for edit in edits]:
        tables.setdefault(table, {})[tuple(key) if len(key) > 1 else key[0]] = value
    return {table: {k: v for k, v in rows.items() if v is not None} for table, rows in tables.items()}
def check(b, fingerprint=None):
    digests(b, fingerprint)
    s, proof, t = b["settings"], b["proof"], tables_as_solved(b)
    orders, buckets, has, limits, rules, weightings, pins, rulings = (t.get(name, {}) for name in (
        "preference_worker_job_lines", "buckets of job lines", "worker_qualifications", "job_lines",
        "job_line_eligibility", "allocation_run_preferencer_weightings", "pins", "rulings"))
    workers, lines = sorted(t["allocation_run_worker_mappings"]), sorted(limits)
    W, N, at = range(len(workers)), range(len(lines)), {line: j for j, line in enumerate(lines)}
    # Ranks: ties share the mean of the places they take, unranked job lines what is left of 1 ... N. Twice that.
    twice, choice, own, tags = [], [], [], [set(has.get(w, ())) for w in workers]
    for w in workers:
        into = dict(buckets.get(w, ())) if s["bucket_order"] else {}
        ranks = {j: (into.get(j, 35), rank) for j, rank in orders.get(w, ())}
        here, everywhere = sorted(r for j, r in ranks.items() if j in at), sorted(ranks.values())
        first = {j: bisect_left(here, r) + 1 for j, r in ranks.items() if j in at}
        twice.append([first[j] + bisect_right(here, ranks[j]) if j in first else len(N) + len(here) + 1 for j in lines])
        choice.append([first.get(j, len(N) + 1) for j in lines])
        own.append({j: (bisect_left(everywhere, r) + 1 + bisect_right(everywhere, r)) / 2 for j, r in ranks.items()})
    # Who may hold what: pins, the cap on the worst rank, exceptions, then the job line's own rules in order.
    def may_hold(i, j):
        w, line, rule, cap = workers[i], lines[j], rules.get(lines[j]), s["worst_rank"]
        capped = cap is not None and min(choice[i]) <= len(N) and twice[i][j] > 2 * cap
        if pins.get(w, line) != line or capped: return False
        if rule is None or (w, line) in rulings: return rulings.get((w, line), True)
        if w in rule["included_worker_mapping_ids"]: return True
        if w in rule["excluded_worker_mapping_ids"]: return False
        asked = set(rule["included_qualification_tag_ids"])
        return not tags[i] & set(rule["excluded_qualification_tag_ids"]) and bool(tags[i] & asked or not asked)
    allowed = [{j for j in N if may_hold(i, j)} for i in W]
    most = [max(0, limits[line]["max_n_workers"] - limits[line]["used_places"]) for line in lines]
    least = [int(limits[line]["must_have_workers"] and not limits[line]["used_places"]) for line in lines]
    net = [[0] * len(lines) for _ in W]
    for x in weightings.values():
        who, of, where = set(x["worker_mapping_ids"]), set(x["qualification_tag_ids"]), x["job_line"]
        for i in (i for i in W if not who | of or workers[i] in who or tags[i] & of):
            for j in N if where is None else [at[where]] if where in at else []: net[i][j] += x["weighting"]
    # Control totals, as stated in the file: no single input can be another one and leave all of them as they are.
    ids = re.findall('"([^"]+)"', json.dumps([[*t.items()] for t in (has, rules, weightings)]))
    need(b["totals"] == {"may_hold": {lines[j]: hex(sum((j in allowed[i]) << i for i in W)) for j in N},
        "ranks": {lines[j]: sum(twice[i][j] for i in W) / 2 for j in N}, "mentions": dict(Counter(ids)),
        "lists": {w: [len(orders.get(w, ())), sum(rank for _, rank in orders.get(w, ()))] for w in workers},
        "places": {lines[j]: [least[j], most[j]] for j in N}, "worker_weightings": dict(zip(workers, map(sum, net))),
        "job_line_weightings": {lines[j]: sum(net[i][j] for i in W) for j in N}}, "inputs do not fit the totals")
    # The allocation: everybody once, where they may, within the places; own ranks; the objective.
    allocation = sorted(b["allocation"])
    need([w for w, _, _ in allocation] == workers, "somebody is not placed exactly once")
    held = [at[line] for _, line, _ in allocation]
    need(all(held[i] in allowed[i] for i in W), "somebody may not hold the job line that they got")
    need(all(least[j] <= held.count(j) <= most[j] for j in N), "a job line is too full, or empty though it must not be")
    need(all(own[i].get(line) == rank for i, (_, line, rank) in enumerate(allocation)), "a rank on the own list")
    ok = proof and b["status"] == "optimal" and not s.get("move_price") and "moves" not in s["policy"]
    need(ok, "the rules are kept, but without a proof that it is the best (repairs are not checked)")
    a, power, exact = s["alpha"], s["power"], all(type(p) is int for p in proof["prices"].values())
    alpha = min(Fraction(a).limit_denominator(10**6), Fraction(repr(a)), key=lambda x: abs(x - Fraction(a)) >= 1e-14)
    if exact:  # cost = (1 - alpha) * score^power + alpha * ((W + 1) / 2 + weightings), times `scale`: whole numbers
        need(power == int(power), "prices in whole numbers for a power that is not whole")
        (theirs, scale), power = alpha.as_integer_ratio(), int(power)
        base, unit, off = theirs * 2 ** (power - 1), 1.0 / (scale * 2**power), 0
        cost = [[(scale - theirs) * twice[i][j] ** power + base * (len(W) + 1 + 2 * net[i][j]) for j in N] for i in W]
    else:  # a power that whole numbers cannot express: to a relative difference of 10^-9
        cost = [[(1 - a) * (twice[i][j] / 2) ** power + a * ((len(W) + 1) / 2 + net[i][j]) for j in N] for i in W]
        unit, off = 1.0, 1e-9 * max(1.0, abs(b["objective"]))
    total = sum(cost[i][held[i]] for i in W)
    need(abs(total * unit - b["objective"]) <= off and b["bound"] == b["objective"], "the objective or its bound")
    # Optimality by LP duality: whatever a job line's price, an allocation costs at least what each worker pays with
    # it, less the prices of the places. Each stage of the aim first, then the objective among what is still best.
    def prove(what, cost, part, off):
        price = [part["prices"][line] for line in lines]
        need(part["sum"] == (fsum if off else sum)(part["prices"].values()), f"{what}: the sum of the prices")
        pays = [min(cost[i][j] + price[j] for j in allowed[i]) for i in W]
        bound = sum(pays) - sum(price[j] * (most[j] if price[j] > 0 else least[j]) for j in N)
        need(abs(sum(cost[i][held[i]] for i in W) - bound) <= off, f"{what}: the prices do not prove it the best")
        for i in W: allowed[i] = {j for j in allowed[i] if cost[i][j] + price[j] == pays[i]}
        for j in N: least[j], most[j] = most[j] if price[j] > 0 else least[j], least[j] if price[j] < 0 else most[j]
    kind = [[x / 2 for x in row] for row in twice] if s["policy"] == "leximin" else choice
    done, sign = set(), -1 if s["policy"] == "greedy" else 1
    def left(): return sorted({kind[i][j] for i in W for j in allowed[i]} - done, reverse=sign > 0)
    for number, stage in enumerate(proof["stages"], 1):
        weight = dict(stage["weights"])
        top = {k: sign * (len(W) + 1) ** (len(weight) - n) for n, k in enumerate(left()[:len(weight)], 1)}
        need(weight and weight == top, f"step {number} of the aim takes other choices than those whose turn it is")
        prove(f"Step {number} of the aim", [[weight.get(k, 0) for k in row] for row in kind], stage, 0)
        done |= set(weight)
    only = not done if s["policy"] == "least_total" else not left() or all(len(x) < 2 for x in allowed)
    need(only, "the steps of the aim are not those that it has")
    prove("The objective", cost, proof, off)
    return f"{len(W)} workers, {len(lines)} job lines, total {b['objective']:.10g}" + ("" if exact else ", to 10^-9")
if __name__ == "__main__":
    try:
        with open(sys.argv[1], encoding="utf-8") as file: said = check(json.load(file), *sys.argv[2:3])
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        raise SystemExit(f"NOT PROVEN: the file cannot be read as a proof ({error!r}).") from None
    print(f"OPTIMAL: {said}.\nThe allocation keeps every rule, and none is better.\n{NOT_COVERED}")
