/* containers.c - the pod's containers: what the webhook said of them, what became of them. */
#include "injector/agent/containers.h"

#include <stdio.h>

/* A DNS label, as Kubernetes has them, or a name of ECS: capitals and underscores too. */
static bool is_word(struct str s, size_t max)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '.' || c == '_'))
			return false;
	}
	return s.len > 0 && s.len <= max;
}

static bool parse_kind(struct str word, enum container_kind *out)
{
	if (str_eq(word, STR("main")))
		*out = CONTAINER_MAIN;
	else if (str_eq(word, STR("init")))
		*out = CONTAINER_INIT;
	else if (str_eq(word, STR("sidecar")))
		*out = CONTAINER_SIDECAR;
	else
		return false;
	return true;
}

static bool one_of(struct str word, const struct str *words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (str_eq(word, words[i]))
			return true;
	return false;
}

static bool parse_how(struct str word, struct container *out)
{
	static const struct str hows[] = {STR("command"), STR("self-wrap"), STR("preload-env"),
	                                  STR("lookup")};
	static const struct str reasons[] = {STR("excluded"),          STR("not-selected"),
	                                     STR("known-injector"),    STR("before-install"),
	                                     STR("static-entrypoint"), STR("musl-without-lookup"),
	                                     STR("etc-mounted")};

	if (word.len == 0 || word.ptr[0] != '!') {
		out->how = word;
		return one_of(word, hows, sizeof(hows) / sizeof(*hows));
	}
	out->reason = (struct str){word.ptr + 1, word.len - 1};
	return one_of(out->reason, reasons, sizeof(reasons) / sizeof(*reasons));
}

static bool parse_entry(struct str entry, struct container *out)
{
	struct str kind, how;

	out->name = str_cut(&entry, ' ');
	kind = str_cut(&entry, ' ');
	how = str_cut(&entry, ' ');
	out->image = entry;
	return is_word(out->name, HELLO_NAME_MAX - 1) && parse_kind(kind, &out->kind) &&
	       parse_how(how, out);
}

static struct container *add(struct containers *containers)
{
	struct container *c;

	if (containers->count == CONTAINERS_MAX)
		return NULL;
	c = &containers->list[containers->count];
	*c = (struct container){.source.container = (uint16_t)containers->count};
	containers->count++;
	return c;
}

unsigned containers_parse(struct containers *containers, struct str text)
{
	unsigned left_out = 0;

	while (text.len) {
		struct str entry = str_cut(&text, ';');
		struct container parsed = {.how = {0}}, *c;

		if (entry.len == 0)
			continue;
		if (!parse_entry(entry, &parsed) || containers_find(containers, parsed.name) ||
		    !(c = add(containers))) {
			left_out++;
			continue;
		}
		c->name = parsed.name;
		c->kind = parsed.kind;
		c->how = parsed.how;
		c->reason = parsed.reason;
		c->image = parsed.image;
		c->source.origin =
		        c->kind == CONTAINER_INIT ? PROC_ORIGIN_INIT : PROC_ORIGIN_ENTRYPOINT;
	}
	containers->listed = containers->count;
	return left_out;
}

struct container *containers_find(struct containers *containers, struct str name)
{
	unsigned i;

	for (i = 0; i < containers->count; i++)
		if (str_eq(containers->list[i].name, name))
			return &containers->list[i];
	return NULL;
}

/* The place of one that is not listed and not there; what was lost of it is told before. */
static struct container *reuse(struct containers *containers)
{
	unsigned i, k;

	for (i = containers->listed; i < containers->count; i++) {
		struct container *c = &containers->list[i];
		uint64_t lost = 0, told = 0;

		for (k = 0; k < CONTAINER_LOST_END; k++) {
			lost += c->lost[k];
			told += c->lost_told[k];
		}
		if (c->claims || lost != told)
			continue;
		containers->lost_before += lost;
		*c = (struct container){.source.container = (uint16_t)i};
		return c;
	}
	return NULL;
}

struct container *containers_get(struct containers *containers, struct str name)
{
	struct container *c = containers_find(containers, name);

	if (c || !is_word(name, HELLO_NAME_MAX - 1))
		return c;
	c = add(containers);
	if (!c)
		c = reuse(containers);
	if (!c)
		return NULL;
	memcpy(c->own_name, name.ptr, name.len);
	c->name = (struct str){c->own_name, name.len};
	c->kind = CONTAINER_OTHER;
	c->source.origin = PROC_ORIGIN_EPHEMERAL;
	return c;
}

void containers_keep(const struct containers *containers, struct state_page *page)
{
	unsigned i;

	for (i = 0; i < containers->listed; i++) {
		const struct container *c = &containers->list[i];

		page->containers[i] = (struct state_container){.covered = c->covered,
		                                               .ended = c->ended,
		                                               .status_known = c->status_known,
		                                               .pid1 = c->pid1,
		                                               .status = c->status,
		                                               .ring_ino = c->ring_ino};
	}
}

void containers_restore(struct containers *containers, const struct state_page *page)
{
	unsigned i;

	for (i = 0; i < containers->listed; i++) {
		const struct state_container *s = &page->containers[i];
		struct container *c = &containers->list[i];

		c->covered = c->before = s->covered != 0;
		c->ended = s->ended != 0;
		c->status_known = s->status_known != 0;
		c->pid1 = s->pid1;
		c->status = s->status;
		c->ring_ino = s->ring_ino;
	}
}

struct str users_find(const char *users, uint32_t uid)
{
	struct str rest = {users, strnlen(users, HELLO_USERS_MAX)};
	char digits[16];
	int len = snprintf(digits, sizeof(digits), "%u", uid);

	while (rest.len) {
		struct str name = str_cut(&rest, '\n');
		struct str number = str_cut(&name, ':');

		if (str_eq(number, (struct str){digits, (size_t)len}))
			return name;
	}
	return (struct str){"", 0};
}

void container_lost(struct container *container, enum container_lost what, uint64_t count)
{
	container->lost[what] += count;
}

bool hello_meter_take(struct hello_meter *meter, uint64_t now_ns)
{
	if (meter->second != now_ns / 1000000000u)
		*meter = (struct hello_meter){.second = now_ns / 1000000000u};
	if (meter->heard == HELLOS_PER_SECOND)
		return false;
	meter->heard++;
	return true;
}

bool meter_take(struct meter *meter, uint64_t now_ns)
{
	const uint64_t step_ns = 1000000000u / EVENTS_PER_SECOND;
	uint64_t fresh;

	if (!meter->started)
		*meter = (struct meter){.since_ns = now_ns, .left = EVENTS_BURST, .started = true};
	fresh = (now_ns - meter->since_ns) / step_ns;
	meter->since_ns += fresh * step_ns;
	meter->left =
	        fresh >= EVENTS_BURST - meter->left ? EVENTS_BURST : meter->left + (uint32_t)fresh;
	if (meter->left == 0)
		return false;
	meter->left--;
	return true;
}
