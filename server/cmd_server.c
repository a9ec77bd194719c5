/* server/cmd_server.c: serve, check-config, stats, version, help. */
#include "server/cmd_server.h"

#include "mailcore/delivery/intake.h"
#include "server/cmd_common.h"
#include "server/metrics.h"
#include "server/outbound.h"
#include "server/supervisor.h"
#include "server/versions.h"
#include "syncml/syncml.h"

static int cmd_serve(struct command_call *c)
{
    return supervisor_run(c->conf_path);
}

static int cmd_check_config(struct command_call *c)
{
    SCOPED_BUF(mistakes, 1 << 20);
    struct conf *conf = NULL;
    enum status st = conf_load(c->conf_path, &conf, &mistakes);
    if (st == OK)
        st = syncml_check(conf, &mistakes);
    if (st == OK)
        st = intake_check(conf, &mistakes);
    if (st == OK)
        st = outbound_check(conf, &mistakes);
    conf_unref(conf);
    if (st == OK) {
        fail(c, "%s: no mistakes", c->conf_path);
        return 0;
    }
    if (!mistakes.n)
        return fail(c, "%s: %s", c->conf_path, status_text(st));
    struct str rest = buf_view(&mistakes), line;
    while (str_split(&rest, '\n', &line))
        if (line.n)
            fail(c, "%.*s", STR_ARG(line));
    return 1;
}

static int cmd_stats(struct command_call *c)
{
    SCOPED_BUF(b, 4 << 20);
    if (c->argc != 1)
        return usage(c, cmd_row(server_commands, "stats"));
    metrics_write(&b, c->store);
    say(c, buf_view(&b));
    return 0;
}

static int cmd_version(struct command_call *c)
{
    SCOPED_BUF(b, 16 * 1024);
    versions_write(&b, c->json);
    say(c, buf_view(&b));
    return 0;
}

const struct command server_commands[] = {
    {"serve", "", "runs the server in the foreground", COMMAND_NO_STORE, cmd_serve},
    {"check-config", "", "reads the configuration and says every mistake with its file and line",
     COMMAND_NO_STORE, cmd_check_config},
    {"stats", "", "shows the counters, as /metrics does", 0, cmd_stats},
    {"version", "", "shows the version, and those of the libraries", COMMAND_NO_STORE, cmd_version},
    {"help", "[COMMAND]", "lists the commands, or those that begin so", COMMAND_NO_STORE, cmd_help},
    {0},
};
