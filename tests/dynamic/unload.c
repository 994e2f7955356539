/*
 * A plugin's life: the library is loaded, used and let go a thousand times, by a program that is not linked with it. Descriptors and
 * threads are as many afterwards as before, and memory does not grow with the rounds.
 *
 *     unload LIBRARY URL
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <httpclient.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 1000
#define CALL_EVERY 50

static void *library;

static void *symbol(const char *name)
{
    void *found = dlsym(library, name);
    if (found == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return found;
}

/* Function pointers come from dlsym() as POSIX has it. */
#define CALL(function, ...) ((__typeof__(&function))symbol(#function))(__VA_ARGS__)

static void one_call(const char *url)
{
    httpc_client *client = NULL;
    httpc_response *response = NULL;
    if (CALL(httpc_client_new, NULL, &client, NULL) != HTTPC_OK || CALL(httpc_get, client, url, &response, NULL) != HTTPC_OK ||
        CALL(httpc_response_status, response) != 200) {
        fprintf(stderr, "no answer from %s\n", url);
        exit(1);
    }
    CALL(httpc_response_free, response);
    CALL(httpc_client_free, client);
}

static int entries(const char *folder)
{
    int count = 0;
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return count;
}

static long resident_pages(void)
{
    long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &all, &resident) != 2) {
        resident = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return resident;
}

static void round_of(const char *path, const char *url, int number)
{
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    if (number % CALL_EVERY == 0) {
        one_call(url);
    } else {
        CALL(httpc_version);
    }
    if (dlclose(library) != 0) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s LIBRARY URL\n", argv[0]);
        return 2;
    }
    for (int i = 0; i < CALL_EVERY * 2; i++) {
        round_of(argv[1], argv[2], i);
    }
    int descriptors = entries("/proc/self/fd"), threads = entries("/proc/self/task");
    long pages = resident_pages();
    for (int i = 0; i < ROUNDS; i++) {
        round_of(argv[1], argv[2], i);
    }
    printf("descriptors %d, then %d; threads %d, then %d; %ld more pages\n", descriptors, entries("/proc/self/fd"), threads,
           entries("/proc/self/task"), resident_pages() - pages);
    /* 4 MiB for the heap's own ways; a leak of one client a call would be more, and of its descriptors is seen above. */
    return entries("/proc/self/fd") != descriptors || entries("/proc/self/task") != threads || resident_pages() - pages > 1024;
}
