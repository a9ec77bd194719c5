"""Runs the tests of a file: functions named test_*, in their order; prints a line each and "N passed, N failed" at the end. `last` runs
behind them and counts as one: it stops what the tests shared."""
import os
import sys
import time
import traceback


def main(namespace, last=None):
    wanted = sys.argv[1:]
    tests = [(n, f) for n, f in namespace.items() if n.startswith('test_') and callable(f) and (not wanted or n in wanted)]
    if last:
        tests.append(('the end', last))
    passed = failed = 0
    for name, function in tests:
        began = time.time()
        try:
            function()
            passed += 1
            word = 'ok'
        except Exception:
            failed += 1
            word = 'FAILED'
            traceback.print_exc(file=sys.stdout)
        print('%s: %s (%.1f s)' % (name, word, time.time() - began), flush=True)
    print('%d passed, %d failed' % (passed, failed))
    sys.stdout.flush()
    os._exit(0 if passed and not failed else 1)
