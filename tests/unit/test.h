/* tests/unit/test.h: cmocka, and what our tests say often. A test program is one file test_NAME.c with a main() that calls
 * cmocka_run_group_tests. */
#ifndef SCAMBIO_TESTS_UNIT_TEST_H
#define SCAMBIO_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/str.h"

#define assert_ok(expr)             assert_int_equal((expr), OK)
#define assert_status(expr, wanted) assert_int_equal((expr), (wanted))

/* Compares a view with a C string, and shows both when they differ. */
static inline void assert_str_(struct str got, const char *wanted, const char *file, int line)
{
    if (str_eq(got, str_c(wanted)))
        return;
    print_error("got    \"%.*s\"\nwanted \"%s\"\n", STR_ARG(got), wanted);
    _fail(file, line);
}
#define assert_str(got, wanted) assert_str_((got), (wanted), __FILE__, __LINE__)

#endif
