/* syncml/conflict.c: both sides changed the same item: who wins, by the policy of the configuration. */
#include "syncml/engine.h"

static bool stamp(struct str value, int64_t *at)
{
    char text[17];
    size_t n = 0;
    struct caltime t;
    value = str_trim(value);
    for (size_t i = 0; i < value.n && n < sizeof text; i++) { /* RFC 2426's REV has the long form */
        if (value.p[i] == '.')
            break;
        if (value.p[i] != '-' && value.p[i] != ':')
            text[n++] = value.p[i];
    }
    if (n == sizeof text || caltime_parse(str_n(text, n), &t))
        return false;
    *at = caltime_seconds(&t);
    return true;
}

/* When the device says that it changed the item. */
static bool device_time(struct str data, int64_t *at)
{
    struct str rest = data, line;
    while (str_split(&rest, '\n', &line)) {
        size_t colon = str_chr(line, ':', 0);
        struct str name = str_slice(line, 0, colon);
        name = str_slice(name, 0, str_chr(name, ';', 0));
        bool stamped = str_caseeq(name, STR("LAST-MODIFIED")) || str_caseeq(name, STR("REV"));
        if (stamped && stamp(str_from(line, colon + 1), at))
            return true;
    }
    return false;
}

enum conflict_verdict conflict_judge(const struct syncml *sml, const struct database *db, struct str data,
                                     int64_t changed, int *code)
{
    static const struct {
        enum conflict_verdict verdict;
        int code;
    } by_policy[] = {
        [CONFLICT_MERGE] = {VERDICT_BOTH, 207},
        [CONFLICT_CLIENT] = {VERDICT_DEVICE, 208},
        [CONFLICT_SERVER] = {VERDICT_STORED, 419},
        [CONFLICT_DUPLICATE] = {VERDICT_TWO, 209},
    };
    enum conflict_policy policy = sml->policy[db->kind];
    int64_t at;
    if (policy == CONFLICT_NEWEST) /* who does not say when is taken at the moment of the sync: newer */
        policy = device_time(data, &at) && at < changed ? CONFLICT_SERVER : CONFLICT_CLIENT;
    *code = by_policy[policy].code;
    return by_policy[policy].verdict;
}
