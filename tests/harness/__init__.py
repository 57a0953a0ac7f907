"""What integration tests share: emulator + gate, the quoin runner, account snapshots."""
from .cloud import Cloud
from .quoin import Quoin, Result
from .snapshot import by_quoin_id, diff, duplicates, snapshot_account

__all__ = ["Cloud", "Quoin", "Result", "by_quoin_id", "diff", "duplicates", "snapshot_account"]
