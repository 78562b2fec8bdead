/* Reads the plan from stdin; bench/load/plan.py writes and explains it. */
#include "client.h"

static byte *from_hex(const char *text, size_t *length)
{
    *length = strlen(text) / 2;
    byte *bytes = malloc(*length + 1);
    for (size_t i = 0; i < *length; i++) {
        unsigned value = 0;
        sscanf(text + 2 * i, "%2x", &value);
        bytes[i] = (byte)value;
    }
    return bytes;
}

static i64 *read_offsets(char *text, int *length)
{
    i64 *offsets = malloc(sizeof *offsets * 256);
    *length = 0;
    for (char *end; *text && *length < 256; text = *end == ',' ? end + 1 : end) {
        offsets[(*length)++] = strtoll(text, &end, 10);
        if (end == text)
            break;
    }
    return offsets;
}

static void read_subscriber(char *line)
{
    char *next = malloc(strlen(line)), *end = malloc(strlen(line)), *request = malloc(strlen(line));
    all = realloc(all, sizeof *all * (count + 1));
    Subscriber *s = &all[count++];
    memset(s, 0, sizeof *s);
    s->fd = -1;
    sscanf(line, "%d %lld %lld %lld %lld %lld %lld %s %s %s", &s->group, &s->join_ms, &s->stall_at, &s->stall_ms,
           &s->step, &s->phase, &s->width, next, end, request);
    s->next = read_offsets(next, &s->partitions);
    s->end = read_offsets(end, &s->partitions);
    s->request = from_hex(request, &s->request_length);
    for (int p = 0; p < s->partitions; p++)
        s->left += due(s, s->next[p]) < s->end[p];
    groups[s->group].subscribers++;
    expected_greetings += s->join_ms < 0;
    free(next), free(end), free(request);
}

void read_plan(void)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        line[strcspn(line, "\n")] = 0;
        char *value = strchr(line, ' ');
        value = value ? value + 1 : line + strlen(line);
        if (!strncmp(line, "server ", 7))
            server_port = (unsigned short)atoi(value);
        else if (!strncmp(line, "template ", 9))
            read_template(value);
        else if (!strncmp(line, "scan", 4))
            scanning = 1, greeting = from_hex(value, &greeting_length);
        else if (!strncmp(line, "hold", 4))
            holding = 1;
        else if (!strncmp(line, "sample ", 7))
            groups[atoi(value)].sampled = 1;
        else if (!strncmp(line, "deadline_s ", 11))
            deadline_ns = now_ns() + atoll(value) * 1000000000;
        else if (!strncmp(line, "subscriber ", 11))
            read_subscriber(value);
        else if (!strcmp(line, "end"))
            break;
    }
    free(line);
}
