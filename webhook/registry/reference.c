#include "webhook/registry/reference.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/str.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool is_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static size_t span(struct str text, const char *set)
{
	size_t n = 0;

	while (n < text.len && is_of(text.ptr[n], set))
		n++;
	return n;
}

static bool put(struct str text, char *out, size_t cap)
{
	if (text.len >= cap)
		return false;
	memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
	return true;
}

bool reference_is_digest(const char *text)
{
	return strncmp(text, "sha256:", 7) == 0 && strlen(text) == 71 &&
	       strspn(text + 7, DIGITS "abcdef") == 64;
}

static bool is_port(struct str text)
{
	unsigned port = 0;

	if (text.len == 0 || text.len > 5 || span(text, DIGITS) != text.len)
		return false;
	for (size_t i = 0; i < text.len; i++)
		port = port * 10 + (unsigned)(text.ptr[i] - '0');
	return port > 0 && port < 65536;
}

/* Labels of letters, digits and inner hyphens, or an IPv6 address in brackets. */
static bool is_host_name(struct str name)
{
	if (name.len > 2 && name.ptr[0] == '[')
		return name.ptr[name.len - 1] == ']' &&
		       span((struct str){name.ptr + 1, name.len - 2}, DIGITS "abcdefABCDEF:") ==
		               name.len - 2;
	while (name.len > 0) {
		size_t before = name.len;
		struct str label = str_cut(&name, '.');

		if (label.len == 0 || span(label, LOWER UPPER DIGITS "-") != label.len ||
		    label.ptr[0] == '-' || label.ptr[label.len - 1] == '-' ||
		    (name.len == 0 && label.len != before))
			return false; /* the last: a dot at the end names no registry */
	}
	return true;
}

static bool is_host(struct str host)
{
	struct str name = host;

	for (size_t i = host.len; i-- > 0 && host.ptr[i] != ']';)
		if (host.ptr[i] == ':') {
			name.len = i;
			if (!is_port((struct str){host.ptr + i + 1, host.len - i - 1}))
				return false;
			break;
		}
	return name.len > 0 && is_host_name(name);
}

/* Lower-case letters and digits; between them '.', '_', "__" or any number of '-'. */
static bool is_component(struct str text)
{
	while (text.len > 0) {
		size_t word = span(text, LOWER DIGITS), gap;

		text = (struct str){text.ptr + word, text.len - word};
		gap = span(text, "._-");
		if (word == 0 || (gap == text.len && gap > 0))
			return false;
		if (gap == 2 ? memcmp(text.ptr, "__", 2) != 0 && memcmp(text.ptr, "--", 2) != 0
		             : gap > 2 && span(text, "-") != gap)
			return false;
		text = (struct str){text.ptr + gap, text.len - gap};
	}
	return true;
}

static bool is_repository(struct str text)
{
	bool has_more = true;

	while (has_more) {
		size_t before = text.len;
		struct str component = str_cut(&text, '/');

		if (component.len == 0 || !is_component(component))
			return false;
		has_more = component.len < before;
	}
	return true;
}

static bool is_tag(struct str text)
{
	return text.len > 0 && text.len < REFERENCE_TAG_MAX &&
	       is_of(text.ptr[0], LOWER UPPER DIGITS "_") &&
	       span(text, LOWER UPPER DIGITS "_.-") == text.len;
}

/* What stands before the first '/' is a host when it cannot be the beginning of a path. */
static struct str cut_host(struct str *name)
{
	struct str rest = *name, first = str_cut(&rest, '/');
	bool is_localhost = str_eq(first, STR("localhost"));

	if (first.len == name->len ||
	    (!is_localhost && span(first, LOWER DIGITS "-_") == first.len))
		return STR(REFERENCE_DEFAULT_HOST);
	*name = rest;
	/* Its name of old, in many manifests. */
	return str_eq(first, STR("index.docker.io")) ? STR(REFERENCE_DEFAULT_HOST) : first;
}

static struct str cut_tag(struct str *name)
{
	for (size_t i = name->len; i-- > 0 && name->ptr[i] != '/';)
		if (name->ptr[i] == ':') {
			struct str tag = {name->ptr + i + 1, name->len - i - 1};

			name->len = i;
			return tag;
		}
	return (struct str){NULL, 0};
}

static bool put_repository(struct str host, struct str name, struct reference *out)
{
	bool is_official = str_eq(host, STR(REFERENCE_DEFAULT_HOST)) && name.len > 0 &&
	                   !memchr(name.ptr, '/', name.len);
	int n = snprintf(out->repository, sizeof(out->repository), "%s%.*s",
	                 is_official ? "library/" : "", (int)name.len, name.ptr);

	return n > 0 && (size_t)n < sizeof(out->repository) &&
	       host.len + (size_t)n < REFERENCE_REPOSITORY_MAX;
}

int reference_parse(const char *text, struct reference *out, struct err *err)
{
	struct str name = {text, strnlen(text, REFERENCE_TEXT_MAX)}, rest = name, host, tag;

	*out = (struct reference){0};
	if (name.len == REFERENCE_TEXT_MAX)
		return err_set(err, EINVAL, "image \"%.60s...\": too long", text);
	name = str_cut(&rest, '@');
	if (name.len < strlen(text)) {
		if (!put(rest, out->digest, sizeof(out->digest)) ||
		    !reference_is_digest(out->digest))
			return err_set(err, EINVAL, "image \"%.150s\": no sha256 digest", text);
	}
	/* The name of an image's own identifier: the runtime refuses it too. */
	if (name.len == 64 && span(name, DIGITS "abcdef") == 64)
		return err_set(err, EINVAL, "image \"%.150s\": an identifier, no name", text);
	tag = cut_tag(&name);
	if (tag.ptr && (!is_tag(tag) || !put(tag, out->tag, sizeof(out->tag))))
		return err_set(err, EINVAL, "image \"%.150s\": no tag", text);
	if (!tag.ptr && !out->digest[0])
		put(STR("latest"), out->tag, sizeof(out->tag));
	host = cut_host(&name);
	if (!is_host(host) || !put(host, out->host, sizeof(out->host)))
		return err_set(err, EINVAL, "image \"%.150s\": no host", text);
	if (!is_repository(name) || !put_repository(host, name, out))
		return err_set(err, EINVAL, "image \"%.150s\": no name of a repository", text);
	return 0;
}

void reference_format(const struct reference *reference, char out[REFERENCE_TEXT_MAX])
{
	snprintf(out, REFERENCE_TEXT_MAX, "%s/%s%s%s%s%s", reference->host, reference->repository,
	         reference->tag[0] ? ":" : "", reference->tag, reference->digest[0] ? "@" : "",
	         reference->digest);
}

const char *reference_version(const struct reference *reference)
{
	return reference->digest[0] ? reference->digest : reference->tag;
}
