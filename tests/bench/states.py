"""States as an apply of n log groups leaves them, written without quoin: benchmarks of reading need large ones."""
import hashlib
import json
import pathlib

LINEAGE = "0123456789abcdef0123456789abcdef"


def _dump(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=False)


def _resource(i):
    name = f"/bench/{i}"
    arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{name}"
    base = {"address": f'group["{i}"]', "generation": 1, "type": "AWS::Logs::LogGroup", "region": "us-east-1",
            "account": "123456789012", "partition": "aws", "uid": hashlib.sha256(name.encode()).hexdigest()[:32]}
    return base, {"LogGroupName": name}, {"Arn": arn}, {"LogGroupName": name, "RetentionInDays": 30}


def _records(n):
    yield "lineage", {"format": 1, "lineage": LINEAGE}
    yield "run", {"plan": "bench", "base": 1, "account": "123456789012"}
    number = 2
    for i in range(n):
        base, identity, attributes, applied = _resource(i)
        yield "put", {**base, "wanted": applied}
        yield "intent", {**base, "verb": "c", "step": 0, "operation": "CloudWatch Logs.CreateLogGroup", "digest": "0" * 64,
                         "paths": list(applied), "at": 1700000000000}
        yield "outcome", {"intent": number + 2, "address": base["address"], "generation": 1, "result": "ok",
                          "identity": identity, "attributes": attributes, "applied": applied, "request_id": base["uid"]}
        yield "put", {**base, "complete": True, "attributes": attributes, "seen": applied}
        number += 4
    yield "note", {"text": "end"}


def journal(folder, n):
    """(bytes, records) of a journal in which n resources were created."""
    folder.mkdir(parents=True, exist_ok=True)
    before, count, size = "0" * 64, 0, 0
    with open(folder / "j-000000000001.jsonl", "wb") as out:
        for count, (kind, members) in enumerate(_records(n), 1):
            head = f'{{"n":{count},"epoch":1,"d":{count - 1},"p":"{before}","kind":"{kind}",{_dump(members)[1:-1]}'.encode()
            before = hashlib.sha256(head).hexdigest()
            size += out.write(head + f',"h":"{before}"}}\n'.encode())
    return size, count


def snapshot(folder, n):
    """(bytes, lines) of a snapshot of the same."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [_dump({"format": 1, "lineage": LINEAGE, "n": 4 * n + 3, "h": "0" * 64, "epoch": 1, "account": "123456789012"})]
    for i in range(n):
        base, identity, attributes, applied = _resource(i)
        lines.append(_dump({**base, "complete": True, "identity": identity, "attributes": attributes, "applied": applied,
                            "seen": applied}))
    body = ("\n".join(lines) + "\n").encode()
    body += b'{"sha256":"%s"}\n' % hashlib.sha256(body).hexdigest().encode()
    (folder / f"s-{4 * n + 3:012d}.json").write_bytes(body)
    return len(body), len(lines)


if __name__ == "__main__":
    import sys
    print({"journal": journal, "snapshot": snapshot}[sys.argv[1]](pathlib.Path(sys.argv[2]), int(sys.argv[3])))
