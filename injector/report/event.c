/* event.c - one event as a line. */
#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "injector/report/head.h"

/* Of a line, after escaping; together with the head, below REPORT_LINE_MAX. */
#define EXE_ESCAPED         1500
#define CWD_ESCAPED         1000
#define ARGS_ESCAPED        5500
#define ARG_COST            3 /* quotes and comma */
#define PARENT_EXE_ESCAPED  240
#define PARENT_NAME_ESCAPED 100
#define USER_ESCAPED        200
#define PATH_ESCAPED        2500
#define SIGNAL_MAX          64

static_assert(PROC_PARENTS_MAX * (PARENT_EXE_ESCAPED + PARENT_NAME_ESCAPED + 50) + EXE_ESCAPED +
                              CWD_ESCAPED + ARGS_ESCAPED + USER_ESCAPED + PATH_ESCAPED + 2600 <
                      REPORT_LINE_MAX,
              "the longest of everything is still a line");

static const struct {
	const char *name;
	enum report_class class;
	const char *class_name;
} types[] = {
        [PROC_EXECVE] = {"execve", REPORT_PROCESS, "process"},
        [PROC_OPENAT] = {"openat", REPORT_FILE, "file"},
        [PROC_CONNECT] = {"connect", REPORT_NETWORK, "network"},
        [PROC_EXIT] = {"procexit", REPORT_PROCESS, "process"},
};

static const char *const origins[] = {
        [PROC_ORIGIN_UNKNOWN] = NULL,          [PROC_ORIGIN_ENTRYPOINT] = "entrypoint",
        [PROC_ORIGIN_INIT] = "init",           [PROC_ORIGIN_EXEC] = "exec",
        [PROC_ORIGIN_EPHEMERAL] = "ephemeral",
};

enum report_class report_class(enum proc_type type)
{
	return types[type].class;
}

/* argv as an array; false when not all of it stands there. */
static bool put_args(struct jsonw *w, struct str args)
{
	size_t room = ARGS_ESCAPED;
	bool whole = true;

	jsonw_array(w, "args");
	while (args.len && whole) {
		struct str arg = str_cut(&args, '\0');
		size_t before = w->len;

		if (room <= ARG_COST) {
			whole = false;
			break;
		}
		whole = jsonw_str_cut(w, NULL, arg, room - ARG_COST);
		room -= w->len - before < room ? w->len - before : room;
	}
	jsonw_end_array(w);
	return whole;
}

static void put_parents(struct jsonw *w, const struct proc_event *event)
{
	unsigned i;

	jsonw_array(w, "parents");
	for (i = 0; i < event->parent_count; i++) {
		const struct proc *parent = event->parents[i];

		jsonw_object(w, NULL);
		jsonw_int(w, "pid", parent->pid);
		jsonw_str_cut(w, "name", (struct str){parent->name, strlen(parent->name)},
		              PARENT_NAME_ESCAPED);
		jsonw_str_cut(w, "exe", (struct str){parent->exe, strlen(parent->exe)},
		              PARENT_EXE_ESCAPED);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void put_proc(struct jsonw *w, const struct proc_event *event, struct str user)
{
	bool whole = !event->cut;

	jsonw_object(w, "proc");
	jsonw_int(w, "pid", event->pid);
	jsonw_int(w, "ppid", event->ppid);
	if (event->name.len || event->type == PROC_EXECVE)
		jsonw_str(w, "name", event->name);
	if (event->exe.len || event->type == PROC_EXECVE) {
		whole &= jsonw_str_cut(w, "exe", event->exe, EXE_ESCAPED);
		whole &= put_args(w, event->args);
	}
	if (event->cwd.len)
		whole &= jsonw_str_cut(w, "cwd", event->cwd, CWD_ESCAPED);
	if (!event->who_unknown) {
		jsonw_uint(w, "uid", event->uid);
		jsonw_uint(w, "gid", event->gid);
		if (user.len)
			jsonw_str_cut(w, "user", user, USER_ESCAPED);
		jsonw_uint(w, "tty", event->tty);
	}
	if (origins[event->origin])
		jsonw_cstr(w, "origin", origins[event->origin]);
	put_parents(w, event);
	if (!whole)
		jsonw_bool(w, "cut", true);
	jsonw_end_object(w);
}

static void put_flags(struct jsonw *w, uint32_t flags)
{
	static const struct {
		uint32_t bits;
		const char *name;
	} names[] = {
	        {O_CREAT, "O_CREAT"},       {O_EXCL, "O_EXCL"},       {O_NOCTTY, "O_NOCTTY"},
	        {O_TRUNC, "O_TRUNC"},       {O_APPEND, "O_APPEND"},   {O_NONBLOCK, "O_NONBLOCK"},
	        {O_SYNC, "O_SYNC"},         {O_DSYNC, "O_DSYNC"},     {O_ASYNC, "O_ASYNC"},
	        {O_DIRECT, "O_DIRECT"},     {O_TMPFILE, "O_TMPFILE"}, {O_DIRECTORY, "O_DIRECTORY"},
	        {O_NOFOLLOW, "O_NOFOLLOW"}, {O_NOATIME, "O_NOATIME"}, {O_CLOEXEC, "O_CLOEXEC"},
	        {O_PATH, "O_PATH"},
	};
	static const char *const access[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
	char text[256];
	size_t len, i;

	len = (size_t)snprintf(text, sizeof(text), "%s", access[flags & O_ACCMODE]);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if ((flags & names[i].bits) != names[i].bits)
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "|%s", names[i].name);
		flags &= ~names[i].bits;
	}
	jsonw_str(w, "flags", (struct str){text, len});
}

static void put_file(struct jsonw *w, const struct proc_event *event)
{
	bool whole = !event->path_cut;
	char mode[16];

	snprintf(mode, sizeof(mode), "0%o", event->mode);
	jsonw_object(w, "file");
	whole &= jsonw_str_cut(w, "path", event->path, PATH_ESCAPED);
	put_flags(w, event->flags);
	jsonw_cstr(w, "mode", mode);
	if (!whole)
		jsonw_bool(w, "cut", true);
	jsonw_end_object(w);
}

static void put_unix(struct jsonw *w, struct str address)
{
	size_t skip = offsetof(struct sockaddr_un, sun_path), len;
	struct str path = {address.ptr + skip, address.len > skip ? address.len - skip : 0};

	jsonw_cstr(w, "family", "unix");
	if (path.len && path.ptr[0] == '\0') {
		/* The abstract name space, written as ss(8) and Falco do. */
		char name[sizeof(struct sockaddr_storage)];

		memcpy(name, path.ptr, path.len);
		name[0] = '@';
		jsonw_str(w, "path", (struct str){name, path.len});
		return;
	}
	for (len = 0; len < path.len && path.ptr[len]; len++)
		;
	jsonw_str(w, "path", (struct str){path.ptr, len});
}

/* event->address is as the caller passed it: any family, any length from 2 to 128. */
static void put_net(struct jsonw *w, const struct proc_event *event)
{
	struct sockaddr_storage address = {0};
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	char text[INET6_ADDRSTRLEN];
	size_t len = event->address.len < sizeof(address) ? event->address.len : sizeof(address);

	memcpy(&address, event->address.ptr, len);
	jsonw_object(w, "net");
	if (address.ss_family == AF_INET && len >= offsetof(struct sockaddr_in, sin_zero)) {
		memcpy(&v4, &address, sizeof(v4));
		inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
		jsonw_cstr(w, "family", "ipv4");
		jsonw_cstr(w, "dst", text);
		jsonw_uint(w, "dport", ntohs(v4.sin_port));
	} else if (address.ss_family == AF_INET6 &&
	           len >= offsetof(struct sockaddr_in6, sin6_scope_id)) {
		memcpy(&v6, &address, sizeof(v6));
		inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
		jsonw_cstr(w, "family", "ipv6");
		jsonw_cstr(w, "dst", text);
		jsonw_uint(w, "dport", ntohs(v6.sin6_port));
	} else if (address.ss_family == AF_UNIX) {
		put_unix(w, (struct str){event->address.ptr, len});
	} else {
		snprintf(text, sizeof(text), "%u", (unsigned)address.ss_family);
		jsonw_cstr(w, "family", text);
	}
	jsonw_end_object(w);
}

static void put_exit(struct jsonw *w, int status)
{
	/* The record may be forged: then the status may be none that wait(2) has. */
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) <= SIGNAL_MAX;
	int code = killed ? 128 + WTERMSIG(status) : WEXITSTATUS(status);

	jsonw_int(w, "result", code);
	jsonw_cstr(w, "resultSource", killed || WIFEXITED(status) ? "observed" : "unknown");
	if (killed)
		jsonw_int(w, "signal", WTERMSIG(status));
}

static void put_result(struct jsonw *w, const struct proc_event *event)
{
	if (event->type == PROC_EXIT) {
		put_exit(w, event->result);
		return;
	}
	if (event->result_known || event->type != PROC_EXECVE)
		jsonw_int(w, "result", event->result);
	jsonw_cstr(w, "resultSource", event->result_known ? "observed" : "unknown");
}

size_t report_event(char *line, const struct report_head *head, const struct proc_event *event,
                    struct str user)
{
	struct jsonw w;

	head_open(&w, line, head, "event");
	jsonw_cstr(&w, "type", types[event->type].name);
	jsonw_cstr(&w, "class", types[event->type].class_name);
	jsonw_cstr(&w, "rung", "preload");
	put_result(&w, event);
	jsonw_bool(&w, "claimed", event->claimed);
	if (head->contested)
		jsonw_bool(&w, "contested", true);
	put_proc(&w, event, user);
	if (event->type == PROC_OPENAT)
		put_file(&w, event);
	if (event->type == PROC_CONNECT)
		put_net(&w, event);
	return head_close(&w);
}
