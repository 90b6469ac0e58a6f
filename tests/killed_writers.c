/* Preloaded into a process (LD_PRELOAD): every call that changes a folder is a point of failure.

   Calls on paths below POINTS_ROOT are counted; number POINTS_AT ends in POINTS_ACTION: "kill" kills
   the process before the call, "term" asks it to end, ENOSPC and EIO fail the call. "copy" copies
   the folder before every call to POINTS_LOG.NUMBER: what a process that is killed there leaves.
   Each call is written to POINTS_LOG. points_arm sets the same from within. Nothing is synced: the
   tests end processes, not machines. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[PATH_MAX], log_path[PATH_MAX], action[16];
static long at, count;

long points_arm(const char *folder, long number, const char *what, const char *log) {
    snprintf(root, sizeof root, "%s", folder ? folder : "");
    snprintf(action, sizeof action, "%s", what ? what : "");
    snprintf(log_path, sizeof log_path, "%s", log ? log : "");
    long before = count;
    at = number;
    count = 0;
    return before;
}

__attribute__((constructor)) static void from_environment(void) {
    const char *number = getenv("POINTS_AT");
    points_arm(getenv("POINTS_ROOT"), number ? atol(number) : 0, getenv("POINTS_ACTION"),
               getenv("POINTS_LOG"));
}

static void absolute(int folder, const char *path, char *into) {
    char base[PATH_MAX] = "", link[64];
    if (path[0] != '/') {
        snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d",
                 folder);
        ssize_t length = readlink(link, base, sizeof base - 1);
        base[length < 0 ? 0 : length] = 0;
    }
    if (snprintf(into, PATH_MAX, "%s%s%s", base, path[0] == '/' || !path[0] ? "" : "/", path) < 0)
        into[0] = 0;
}

static void copy(long number) {
    char to[PATH_MAX + 32], *words[] = {"cp", "-a", root, to, NULL}, *environment[] = {NULL};
    pid_t child;
    snprintf(to, sizeof to, "%s.%ld", log_path, number);
    if (!posix_spawn(&child, "/bin/cp", NULL, NULL, words, environment)) waitpid(child, NULL, 0);
}

/* Whether the call has to fail; errno says how. */
static int hit(const char *call, int folder, const char *path) {
    char whole[PATH_MAX];
    int before = errno;
    if (!root[0]) return 0;
    absolute(folder, path, whole);
    size_t length = strlen(root);
    errno = before;
    if (strncmp(whole, root, length) || (whole[length] && whole[length] != '/')) return 0;
    long number = __sync_add_and_fetch(&count, 1);
    if (log_path[0]) {
        char line[PATH_MAX + 64];
        int size = snprintf(line, sizeof line, "%ld %s %s\n", number, call, whole);
        long log = syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
        syscall(SYS_write, log, line, (size_t)size);
        syscall(SYS_close, log);
        errno = before;
    }
    if (!strcmp(action, "copy")) {
        copy(number);
        errno = before;
        return 0;
    }
    if (number != at) return 0;
    if (!strcmp(action, "kill")) syscall(SYS_kill, getpid(), SIGKILL);
    if (!strcmp(action, "term")) {
        syscall(SYS_kill, getpid(), SIGTERM);
        return 0;
    }
    errno = !strcmp(action, "ENOSPC") ? ENOSPC : EIO;
    return 1;
}

static int hit_open(int handle, const char *call) { return hit(call, handle, ""); }

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define WRAP(result, name, parameters, arguments, failing) \
    result name parameters {                               \
        REAL(name);                                        \
        return failing ? -1 : real arguments;              \
    }

#define CHANGES(flags) ((flags) & (O_CREAT | O_TRUNC))
#define WRAP_OPEN(name)                                                      \
    int name(const char *path, int flags, ...) {                             \
        REAL(name);                                                          \
        va_list rest;                                                        \
        va_start(rest, flags);                                               \
        mode_t mode = va_arg(rest, mode_t);                                  \
        va_end(rest);                                                        \
        if (CHANGES(flags) && hit("open", AT_FDCWD, path)) return -1;        \
        return real(path, flags, mode);                                      \
    }
#define WRAP_OPENAT(name)                                                    \
    int name(int folder, const char *path, int flags, ...) {                 \
        REAL(name);                                                          \
        va_list rest;                                                        \
        va_start(rest, flags);                                               \
        mode_t mode = va_arg(rest, mode_t);                                  \
        va_end(rest);                                                        \
        if (CHANGES(flags) && hit("open", folder, path)) return -1;          \
        return real(folder, path, flags, mode);                              \
    }

WRAP_OPEN(open)
WRAP_OPEN(open64)
WRAP_OPENAT(openat)
WRAP_OPENAT(openat64)
WRAP(ssize_t, write, (int handle, const void *from, size_t size), (handle, from, size),
     hit_open(handle, "write"))
WRAP(ssize_t, pwrite, (int handle, const void *from, size_t size, off_t where),
     (handle, from, size, where), hit_open(handle, "write"))
WRAP(ssize_t, pwrite64, (int handle, const void *from, size_t size, off64_t where),
     (handle, from, size, where), hit_open(handle, "write"))
WRAP(int, ftruncate, (int handle, off_t size), (handle, size), hit_open(handle, "truncate"))
WRAP(int, ftruncate64, (int handle, off64_t size), (handle, size), hit_open(handle, "truncate"))
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), hit("mkdir", AT_FDCWD, path))
WRAP(int, mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode),
     hit("mkdir", folder, path))
WRAP(int, rename, (const char *from, const char *to), (from, to), hit("rename", AT_FDCWD, from))
WRAP(int, renameat, (int one, const char *from, int other, const char *to), (one, from, other, to),
     hit("rename", one, from))
WRAP(int, renameat2, (int one, const char *from, int other, const char *to, unsigned flags),
     (one, from, other, to, flags), hit("exchange", one, from))
WRAP(int, link, (const char *from, const char *to), (from, to), hit("link", AT_FDCWD, to))
WRAP(int, symlink, (const char *from, const char *to), (from, to), hit("link", AT_FDCWD, to))
WRAP(int, unlink, (const char *path), (path), hit("unlink", AT_FDCWD, path))
WRAP(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags),
     hit("unlink", folder, path))
WRAP(int, rmdir, (const char *path), (path), hit("rmdir", AT_FDCWD, path))
WRAP(int, chmod, (const char *path, mode_t mode), (path, mode), hit("chmod", AT_FDCWD, path))
WRAP(int, fchmod, (int handle, mode_t mode), (handle, mode), hit_open(handle, "chmod"))

int fsync(int handle) { return hit_open(handle, "fsync") ? -1 : 0; }
int fdatasync(int handle) { return hit_open(handle, "fsync") ? -1 : 0; }
