/* What is told at the end, as one line of JSON; bench/load/client.py reads it. */
#include "client.h"
#include <stdarg.h>
#include <sys/resource.h>

static char samples[SAMPLES][256];
static int sample_count;

void complain(i64 *counter, const char *format, ...)
{
    ++*counter;
    if (sample_count == SAMPLES)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(samples[sample_count], sizeof samples[0], format, arguments);
    va_end(arguments);
    for (char *at = samples[sample_count]; *at; at++)
        if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\')
            *at = '\'';
    sample_count++;
}

static int by_size(const void *a, const void *b)
{
    return (*(const i64 *)a > *(const i64 *)b) - (*(const i64 *)a < *(const i64 *)b);
}

static void report_durations(int group)
{
    i64 *durations = malloc(sizeof *durations * (count + 1)), n = 0;
    for (size_t i = 0; i < count; i++)
        if (all[i].group == group && all[i].done && !all[i].left)
            durations[n++] = all[i].done_ns - all[i].joined_ns;
    qsort(durations, (size_t)n, sizeof *durations, by_size);
    printf("\"took_p50_ns\":%lld,\"took_max_ns\":%lld,", n ? durations[n / 2] : 0, n ? durations[n - 1] : 0);
    free(durations);
}

void report(void)
{
    for (size_t i = 0; i < count; i++) {
        groups[all[i].group].complete += all[i].left == 0;
        for (int p = 0; p < all[i].partitions; p++)
            groups[all[i].group].missing += due(&all[i], all[i].next[p]) < all[i].end[p];
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"cpu_s\":%.2f,\"samples\":[", (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec));
    for (int i = 0; i < sample_count; i++)
        printf("%s\"%s\"", i ? "," : "", samples[i]);
    printf("],\"groups\":{");
    for (int g = 0, shown = 0; g < GROUPS; g++) {
        Group *group = &groups[g];
        if (!group->subscribers)
            continue;
        printf("%s\"%d\":{\"subscribers\":%lld,\"complete\":%lld,\"events\":%lld,\"bytes\":%lld,\"gaps\":%lld,"
               "\"repeats\":%lld,\"wrong\":%lld,\"missing\":%lld,\"failed\":%lld,\"heartbeats\":%lld,"
               "\"first_ns\":%lld,\"last_ns\":%lld,", shown++ ? "," : "", g, group->subscribers, group->complete,
               group->events, group->bytes, group->gaps, group->repeats, group->wrong, group->missing,
               group->failed, group->heartbeats, group->first_ns, group->last_ns);
        report_durations(g);
        printf("\"histogram\":{");
        for (int b = 0, n = 0; b < BUCKETS; b++)
            if (group->histogram[b])
                printf("%s\"%d\":%lld", n++ ? "," : "", b, group->histogram[b]);
        printf("}}");
    }
    printf("}}\n");
    fflush(stdout);
}
