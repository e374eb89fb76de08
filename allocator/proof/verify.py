"""`python3 verify.py FILE [FINGERPRINT ON THE RECEIPT]` derives the proof of an allocation anew from the file's inputs,
and compares it with what the file claims. Exit 0: all rules are kept, and none is better. 1: it says what is wrong."""
import collections, fractions, hashlib, json, math, re, sys
NOT_COVERED = """Only the digests cover: names, persons, operators, times, versions, seeds tried; reasons, authors and
words of changes (arithmetic covers what they edit); state and kind of the run, submitted and locked lists, buckets
that do not count, placements of other applications, data errors; time limit, solver, whether ties are allowed, a
cap above every rank, a price of moves where nobody moves, what a change replaces. Lots among equally good allocations
(seed), and those that stand for withheld ids: `python -m allocator replay FILE` draws them again."""
def need(ok, complaint):
    if not ok: raise SystemExit(f"NOT PROVEN: {complaint}.")
def sha(text): return hashlib.sha256(text.encode()).hexdigest()
def check(b, fingerprint=None):
    s, proof, t = b["settings"], b["proof"], collections.defaultdict(dict)
    need(b["digest"] == sha(json.dumps({**b, "digest": ""}, sort_keys=True)), "the file was changed (digest)")
    text = "".join(json.dumps(fact, separators=(",", ":")) + "\n" for fact in b["inputs"])
    need(b["fingerprint"] == sha(text) + "/by-bucket" * s["bucket_order"], "the inputs were changed (fingerprint)")
    need(fingerprint in (None, b["fingerprint"]), "this is about other data than you named")
    # Table -> key -> value: the facts that were read, then what the scenario's changes edit (null removes).
    for table, key, value in sum(b["edits"], b["inputs"]): t[table][tuple(key) if len(key) > 1 else key[0]] = value
    t = {table: {k: v for k, v in rows.items() if v is not None} for table, rows in t.items()}
    orders, buckets, has, limits, rules, weightings, pins, rulings, before = (t.get(name, {}) for name in (
        "preference_worker_job_lines", "buckets of job lines", "worker_qualifications", "job_lines",
        "job_line_eligibility", "allocation_run_preferencer_weightings", "pins", "rulings", "baseline"))
    workers, lines = sorted(t["allocation_run_worker_mappings"]), sorted(limits)
    W, N, at = range(len(workers)), range(len(lines)), {line: j for j, line in enumerate(lines)}
    # Ranks: ties share the mean of the places they take, unranked job lines what is left of 1 ... N. Twice that.
    twice, choice, own, tags = [], [], [], [set(has.get(w, ())) for w in workers]
    for w in workers:
        into = dict(buckets.get(w, ())) if s["bucket_order"] else {}
        ranks = {j: (into.get(j, 35), rank) for j, rank in orders.get(w, ())}
        here, everywhere = sorted(r for j, r in ranks.items() if j in at), sorted(ranks.values())
        first = {j: here.index(r) + 1 for j, r in ranks.items() if j in at}
        twice.append([2 * first[j] + here.count(ranks[j]) - 1 if j in first else len(N) + len(here) + 1 for j in lines])
        choice.append([first.get(j, len(N) + 1) for j in lines])
        own.append({j: everywhere.index(r) + (1 + everywhere.count(r)) / 2 for j, r in ranks.items()})
    # Who may hold what: pins, the cap, moves from what one had, exceptions, then the job line's own rules in order.
    def may_hold(i, j):
        w, line, rule, cap = workers[i], lines[j], rules.get(lines[j]), s["worst_rank"]
        capped = cap is not None and min(choice[i]) <= len(N) and twice[i][j] > 2 * cap
        had, only, limit = before.get(w, (line, None, "any"))
        lost = own[i].get(line, 10**9) - own[i].get(had, 10**9)
        barred = line not in (only or at) or lost > 0 and limit != "any" or lost == 0 and limit == "better"
        if pins.get(w, line) != line or capped or line != had and barred: return False
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
    ids = re.findall('"([^"]+)"', json.dumps([[*t.items()] for t in (has, rules, weightings, before)]))
    need(b["totals"] == {"may_hold": {lines[j]: hex(sum((j in allowed[i]) << i for i in W)) for j in N},
        "ranks": {lines[j]: sum(twice[i][j] for i in W) / 2 for j in N}, "mentions": collections.Counter(ids),
        "lists": {w: [len(orders.get(w, ())), sum(r for _, r in orders.get(w, ()))] for w in {*workers, *orders}},
        "places": {lines[j]: [least[j], most[j]] for j in N}, "worker_weightings": dict(zip(workers, map(sum, net))),
        "job_line_weightings": {lines[j]: sum(net[i][j] for i in W) for j in N}}, "inputs do not fit the totals")
    # The allocation: everybody once, where they may, within the places; own ranks; the objective.
    allocation = sorted(b["allocation"])
    need([w for w, _, _ in allocation] == workers, "somebody is not placed exactly once")
    held = [at[line] for _, line, _ in allocation]
    need(all(held[i] in allowed[i] for i in W), "somebody may not hold the job line that they got")
    need(all(least[j] <= held.count(j) <= most[j] for j in N), "a job line is too full, or empty though it must not be")
    need(all(own[i].get(line) == rank for i, (_, line, rank) in enumerate(allocation)), "a rank on the own list")
    need(proof and b["status"] == "optimal", "the rules are kept, but without a proof that it is the best")
    # Cost of a placement: (1 - alpha) * rank^power + alpha * ((W + 1) / 2 + weightings) + price if it is a move; times
    # `scale` in whole numbers. A power that these cannot express: to a relative difference of 10^-9.
    def meant(a, of=fractions.Fraction):  # the short fraction, such as 3/10
        return min(of(a).limit_denominator(10**6), of(repr(a)), key=lambda x: abs(x - of(a)) >= 1e-14)
    alpha, price = meant(s["alpha"]), meant(s["move_price"])
    exact = s["power"] % 1 == 0 and all(type(p) is int for p in proof["prices"].values())
    power, base = int(s["power"]) if exact else s["power"], len(W) + 1
    scale = math.lcm(alpha.denominator, price.denominator) << power if exact else 1
    mine, ours, move = map(int if exact else float, ((1 - alpha) * scale / 2**power, alpha * scale / 2, price * scale))
    moved = [[int(before.get(w, [line])[0] != line) for line in lines] for w in workers]
    cost = [[mine * x**power + ours * (base + 2 * n) + move * m for x, n, m in zip(*r)] for r in zip(twice, net, moved)]
    total, off = sum(cost[i][held[i]] for i in W), 0 if exact else 1e-9 * max(1.0, abs(b["objective"]))
    need(abs(total * (1.0 / scale) - b["objective"]) <= off and b["bound"] == b["objective"], "the objective or bound")
    # Optimality by LP duality: whatever a job line's price, an allocation costs at least what each worker pays with
    # it, less the prices of the places. Each stage of the aim first, then the objective among what is still best.
    def prove(what, cost, part, off):
        price = [part["prices"][line] for line in lines]
        need(part["sum"] == (math.fsum if off else sum)(part["prices"].values()), f"{what}: the sum of the prices")
        pays = [min(cost[i][j] + price[j] for j in allowed[i]) for i in W]
        bound = sum(pays) - sum(price[j] * (most[j] if price[j] > 0 else least[j]) for j in N)
        need(abs(sum(cost[i][held[i]] for i in W) - bound) <= off, f"{what}: the prices do not prove it the best")
        for i in W: allowed[i] = {j for j in allowed[i] if cost[i][j] + price[j] == pays[i]}
        for j in N: least[j], most[j] = most[j] if price[j] > 0 else least[j], least[j] if price[j] < 0 else most[j]
    # What a step counts: turn and twice the rank in the order drawn, ranks, who moves or stays, or choices.
    policy, gap, done, up = s["policy"], 2 * len(lines) + 2, set(), s["policy"] in ("greedy", "lottery_order")
    drawn = sorted(W, key=lambda i: b["lots"].get(workers[i], int(sha(f"{s['seed']}\x1f{workers[i]}")[:16], 16)))
    kind = {"fewest_moves": moved, "most_moves": [[1 - x for x in row] for row in moved],
        "leximin": [[x / 2 for x in row] for row in twice], "least_total": choice, "greedy": choice, "generous": choice,
        "lottery_order": [[drawn.index(i) * gap + x for x in twice[i]] for i in W]}[policy]
    def left(): return sorted({kind[i][j] for i in W for j in allowed[i]} - done, reverse=not up)
    for number, stage in enumerate(proof["stages"], 1):
        weight, last = dict(stage["weights"]), stage["weights"][-1][0] // gap
        top = {k: (-1 if up else 1) * base ** (len(weight) - n) for n, k in enumerate(left()[:len(weight)], 1)}
        if policy == "lottery_order":  # a gap down one's list outweighs all that those of later turns can lose
            of = collections.Counter(k // gap for k in left() if k // gap <= last)
            top = {k: (i - sum(of[n] for n in of if n < k // gap)) * math.prod(of[n] for n in of if n > k // gap)
                for i, k in enumerate(left()) if k // gap in of}
        need(weight and weight == top, f"step {number} of the aim takes other choices than those whose turn it is")
        prove(f"Step {number} of the aim", [[weight.get(k, 0) for k in row] for row in kind], stage, 0)
        done |= set(weight)
    need(not done if policy == "least_total" else not left() or max(map(len, allowed)) < 2, "the aim has more steps")
    prove("The objective", cost, proof, off)
    return f"{len(W)} workers, {len(lines)} job lines, total {b['objective']:.10g}" + ("" if exact else ", to 10^-9")
if __name__ == "__main__":
    try:
        with open(sys.argv[1], encoding="utf-8") as file: said = check(json.load(file), *sys.argv[2:3])
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        raise SystemExit(f"NOT PROVEN: the file cannot be read as a proof ({error!r}).") from None
    print(f"OPTIMAL: {said}.\nThe allocation keeps every rule, and none is better.\n{NOT_COVERED}")
