"""What is in the mailboxes of a test's server, read beside it from its files."""
import glob
import sqlite3


def mails(server, address):
    """[(folder, whole message)] of an account, oldest first; of a message in a file of its own the size."""
    found = []
    main = sqlite3.connect('file:%s/data/main.db?mode=ro' % server.dir, uri=True)
    account = main.execute('SELECT principal FROM address WHERE address = ?', (address,)).fetchone()[0]
    for path in sorted(glob.glob(server.dir + '/data/shard-*.db')):
        shard = sqlite3.connect('file:%s?mode=ro' % path, uri=True)
        for folder, prefix, data, size in shard.execute(
                'SELECT c.name, i.prefix, b.data, t.size FROM item i JOIN collection c ON c.id = i.collection '
                'JOIN content t ON t.id = i.content LEFT JOIN body b ON b.content = t.id '
                'WHERE i.account = ? AND c.kind = 1 ORDER BY i.id', (account,)):
            found.append((folder, (prefix or b'') + data if data is not None else size))
    return found
