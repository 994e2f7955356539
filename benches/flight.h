/*
 * As bench.h, for programs that keep many requests in flight at once: a program says how one is launched and how their ends
 * are waited for, and calls finished() for each.
 *
 *     PROGRAM COUNT IN_FLIGHT URL LENGTH CA [OPTION [CONNECTIONS [SLOW_COUNT SLOW_URL]]]
 *
 * Beside them so many requests to the slow URL stay in flight, which is never answered.
 */
#ifndef FLIGHT_H
#define FLIGHT_H

#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct job {
    long count, in_flight;
    const char *url;
    size_t length;  /* of the body that must come */
    const char *ca; /* "" for plain HTTP */
    const char *option;
    long connections; /* at most; as many as are in flight where none are named */
    long slow;
    const char *slow_url;
};

static struct job job;

static void start(void);
static void launch(void); /* one request */
static void launch_slow(void);
static void wait_for_all(void); /* until finished() has returned true */

static void fail(const char *why)
{
    fprintf(stderr, "%s: %s\n", job.url, why);
    _exit(1);
}

static double cpu_us(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return ((double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec) * 1e6 + (double)used.ru_utime.tv_usec +
           (double)used.ru_stime.tv_usec;
}

static double resident_kb(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1) {
        pages = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return (double)(pages * (sysconf(_SC_PAGESIZE) / 1024));
}

static long launched, ended, warm_up;
static double cpu_before, kb_before, kb_most;

/* Counts, and keeps as many in flight. True: it was the last one. */
static bool finished(void)
{
    ended++;
    if (ended == warm_up) {
        cpu_before = cpu_us();
    }
    if (ended == job.in_flight || ended == job.count + warm_up) {
        double kb = resident_kb();
        kb_most = kb > kb_most ? kb : kb_most;
    }
    if (launched < job.count + warm_up) {
        launched++;
        launch();
    }
    return ended == job.count + warm_up;
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "usage: %s COUNT IN_FLIGHT URL LENGTH CA [OPTION [CONNECTIONS [SLOW_COUNT SLOW_URL]]]\n", argv[0]);
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    job = (struct job){atol(argv[1]), atol(argv[2]), argv[3], (size_t)atol(argv[4]), argv[5], argc > 6 ? argv[6] : "",
                       argc > 7 ? atol(argv[7]) : atol(argv[2]), argc > 9 ? atol(argv[8]) : 0, argc > 9 ? argv[9] : NULL};
    warm_up = job.count / 10 + 2 * job.in_flight;
    start();
    kb_before = resident_kb();
    for (long i = 0; i < job.slow; i++) {
        launch_slow();
    }
    launched = job.in_flight;
    for (long i = 0; i < job.in_flight; i++) {
        launch();
    }
    wait_for_all();
    printf("cpu_us %.4f kb %.0f\n", (cpu_us() - cpu_before) / (double)job.count, kb_most - kb_before);
    fflush(stdout);
    _exit(0); /* what is slow never ends */
}

#endif
