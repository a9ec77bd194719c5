/* server/main.c: the program. Everything is in commands_main, so that tests can call it. */
#include "server/commands.h"

int main(int argc, char **argv)
{
    return commands_main(argc, argv);
}
