/* What tests share that look at whole processes: children, descriptors, threads, and shared objects put in front of all. */
#ifndef PROCESS_H
#define PROCESS_H

#include "server.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#else
#define UNDER_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#else
#define UNDER_TSAN 0
#endif

/* Longer than any child of a test takes that is not stuck. */
#define CHILD_SECONDS 20

/* What `run` returns, as the exit code of a child that fork() made; -1 when it ended in any other way. */
static inline int in_child(int (*run)(void *), void *argument)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        check_failures = 0;
        alarm(CHILD_SECONDS);
        _exit(run(argument));
    }
    int status = -1;
    if (!CHECK(child > 0) || !CHECK_EQ(waitpid(child, &status, 0), child)) {
        return -1;
    }
    if (WIFSIGNALED(status)) {
        check_fail(__FILE__, __LINE__, "the child was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Entries of a folder of /proc/self, each told to `visit` when there is one. */
static inline unsigned each_of_self(const char *folder, void (*visit)(const char *name, void *), void *argument)
{
    unsigned count = 0;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/%s", folder);
    DIR *directory = opendir(path);
    if (directory == NULL) {
        skip_all("there is no /proc here");
        return 0;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        bool is_own = strcmp(folder, "fd") == 0 && atoi(entry->d_name) == dirfd(directory);
        if (entry->d_name[0] != '.' && !is_own) {
            count++;
            if (visit != NULL) {
                visit(entry->d_name, argument);
            }
        }
    }
    closedir(directory);
    return count;
}

static inline unsigned open_descriptors(void)
{
    return each_of_self("fd", NULL, NULL);
}

static inline unsigned running_threads(void)
{
    return each_of_self("task", NULL, NULL);
}

static inline long resident_kb(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        CHECK_EQ(fscanf(file, "%*d %ld", &pages), 1);
        fclose(file);
    }
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Looks every millisecond, for ten seconds at most: what is on its way in another thread or process has no other sign. */
#define CHECK_COMES_TRUE(condition)                                                                                      \
    do {                                                                                                                 \
        for (double limit_ = now_ms() + 10000; !(condition) && CHECK(now_ms() < limit_);) {                              \
            wait_until_ms(now_ms() + 1);                                                                                 \
        }                                                                                                                \
    } while (0)

/* Starts this program anew with tests/c/NAME.preload.c in front of the system's libraries. The server around it must not
   get it, so that ctest only names it in HTTPC_TEST_PRELOAD. */
static inline void start_with_preload(const char *name)
{
    const char *preloaded = getenv("LD_PRELOAD");
    if (preloaded != NULL && strstr(preloaded, name) != NULL) {
        return;
    }
    const char *object = getenv("HTTPC_TEST_PRELOAD");
    if (object == NULL) {
        skip_all("HTTPC_TEST_PRELOAD does not name the shared object to preload");
        return;
    }
    setenv("LD_PRELOAD", object, 1);
    execv("/proc/self/exe", check_arguments);
    perror("execv");
    exit(1);
}

#endif
