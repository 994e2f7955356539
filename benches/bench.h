/*
 * What the programs compared have in common: so many requests on so many threads, and what each cost. A program says how one
 * request is made; main() is here.
 *
 *     PROGRAM COUNT THREADS URL LENGTH CA [OPTION]
 *
 * Option "cold": without requests beforehand that warm up; "upload": a body of 1 GiB from a function goes along;
 * "download": the body that comes goes to a function, which only counts it.
 */
#ifndef BENCH_H
#define BENCH_H

#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct job {
    const char *url;
    size_t length;  /* of the body that must come */
    const char *ca; /* "" for plain HTTP */
    const char *option;
};

static struct job job;

static void fail(const char *why);
static void *start(void);              /* once in the process */
static void *enter(void *shared);      /* once in each thread */
static void request(void *of_thread);  /* one whole request; fail() when it is not right */
static void leave(void *of_thread);
static void stop(void *shared);

static void fail(const char *why)
{
    fprintf(stderr, "%s: %s\n", job.url, why);
    exit(1);
}

/* Option "upload": a body of so many bytes from a function, which gives whatever stands in the buffer. */
#define UPLOAD ((uint64_t)1 << 30)

static inline size_t take_upload(uint64_t *left, size_t most)
{
    size_t count = *left < most ? (size_t)*left : most;
    *left -= count;
    return count;
}

static inline int is_upload(void)
{
    return strcmp(job.option, "upload") == 0;
}

static inline int is_download(void)
{
    return strcmp(job.option, "download") == 0;
}

/* The most memory there was at once, so far. Not by getrusage(): its figure goes back to before exec(). */
static long peak_kb(void)
{
    char line[128];
    long peak = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL && sscanf(line, "VmHWM: %ld", &peak) != 1) {
    }
    if (status != NULL) {
        fclose(status);
    }
    return peak;
}

static double cpu_us(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return ((double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec) * 1e6 + (double)used.ru_utime.tv_usec +
           (double)used.ru_stime.tv_usec;
}

static pthread_barrier_t warm, over;
static long per_thread, warm_ups;

static void *run_thread(void *shared)
{
    void *mine = enter(shared);
    for (long i = 0; i < warm_ups; i++) {
        request(mine);
    }
    pthread_barrier_wait(&warm);
    pthread_barrier_wait(&warm);
    for (long i = 0; i < per_thread; i++) {
        request(mine);
    }
    pthread_barrier_wait(&over);
    pthread_barrier_wait(&over);
    leave(mine);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "usage: %s COUNT THREADS URL LENGTH CA [OPTION]\n", argv[0]);
        return 2;
    }
    unsigned threads = (unsigned)atoi(argv[2]);
    per_thread = atol(argv[1]) / threads;
    job = (struct job){argv[3], (size_t)atol(argv[4]), argv[5], argc > 6 ? argv[6] : ""};
    warm_ups = strcmp(job.option, "cold") == 0 || is_upload() || is_download() ? 0 : per_thread / 10 + 1;
    void *shared = start();
    pthread_barrier_init(&warm, NULL, threads + 1);
    pthread_barrier_init(&over, NULL, threads + 1);
    pthread_t ids[64];
    for (unsigned i = 0; i < threads; i++) {
        pthread_create(&ids[i], NULL, run_thread, shared);
    }
    pthread_barrier_wait(&warm);
    double before = cpu_us();
    long peak = peak_kb();
    pthread_barrier_wait(&warm);
    pthread_barrier_wait(&over);
    double requests = (double)per_thread * threads;
    printf("cpu_us %.4f kb %ld\n", (cpu_us() - before) / requests, peak_kb() - peak);
    pthread_barrier_wait(&over);
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    stop(shared);
    return 0;
}

#endif
