/* fuzz_registry.c - any bytes as what registries, AWS and pull secrets say, by the first byte: what
 * is taken is whole, bounded, and can stand where it is going to. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "webhook/registry/answer.h"
#include "webhook/registry/aws.h"
#include "webhook/registry/challenge.h"
#include "webhook/registry/config.h"
#include "webhook/registry/credentials.h"
#include "webhook/registry/ecr.h"
#include "webhook/registry/glob.h"
#include "webhook/registry/images.h"
#include "webhook/registry/location.h"
#include "webhook/registry/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* It goes into a URL or a header. */
static void require_plain(const char *text)
{
	for (; *text; text++)
		require(*text > ' ' && *text < 0x7f);
}

static void as_manifest(const char *text, size_t len)
{
	struct answer answer;
	struct err err = {0};
	int r = answer_parse_manifest(NULL, text, len, &answer, &err);

	require(err.code == -r);
	if (r == 0)
		require(reference_is_digest(answer.digest));
}

static void as_config(const char *text, size_t len)
{
	struct images_config config, copy;
	struct err err = {0};
	int r = answer_parse_config(text, len, &config, &err);

	require(err.code == -r);
	require(config_bytes(&config) <= ANSWER_STRING_BYTES_MAX + ANSWER_STRINGS_MAX * 9 + 32);
	if (r == 0 && config_copy(&config, &copy)) {
		require(config_bytes(&config) == config_bytes(&copy));
		images_config_done(&copy);
	}
	images_config_done(&config);
}

static void as_challenge(const char *text)
{
	struct challenge challenge = {0};
	struct location at;
	struct err err = {0};

	challenge_parse(text, &challenge);
	if (challenge.kind != CHALLENGE_BEARER ||
	    challenge_locate(&challenge, "a/b", false, &at, &err) < 0)
		return;
	require(strncmp(at.base, "https://", 8) == 0);
	require_plain(at.base);
	require_plain(at.path);
}

static void as_location(const char *text)
{
	struct location at, again;

	if (location_parse(text, "https://from", true, &at) < 0)
		return;
	require(!strpbrk(at.base + 8, "/@?#\\ "));
	require(strncmp(at.base, "https://", 8) == 0 || strncmp(at.base, "http://127.", 11) == 0 ||
	        strncmp(at.base, "http://[::1]", 12) == 0);
	require(at.path[0] == '/');
	require_plain(at.base);
	require_plain(at.path);
	require(location_parse(at.path, at.base, true, &again) == 0 || at.path[1] == '/');
}

static void as_reference(const char *text)
{
	struct reference reference, again;
	char whole[REFERENCE_TEXT_MAX], twice[REFERENCE_TEXT_MAX];
	struct err err = {0};

	if (reference_parse(text, &reference, &err) < 0) {
		require(err.code != 0);
		return;
	}
	reference_format(&reference, whole);
	require_plain(whole);
	require(!strpbrk(whole, "?#%\\") && !strstr(whole, "/."));
	require(reference_parse(whole, &again, &err) == 0);
	reference_format(&again, twice);
	require(strcmp(whole, twice) == 0);
}

static void as_secret(const char *text, size_t len, enum images_credential_kind kind)
{
	struct images_credential secret = {kind, text, len};
	const struct credential *sorted[CREDENTIALS_MAX];
	struct credentials credentials = {0};
	struct reference reference;
	struct err err = {0};
	size_t count;

	require(reference_parse("a.b:5000/c/d", &reference, &err) == 0);
	require(credentials_add(&credentials, &secret, &reference) == 0);
	count = credentials_sort(&credentials, sorted);
	require(count <= credentials.count);
	for (size_t i = 0; i < count; i++)
		free(credentials_format_basic(sorted[i]->user, sorted[i]->password));
	credentials_done(&credentials);
}

static void as_tokens(const char *text, size_t len)
{
	struct aws_keys keys;
	int64_t expiry_s = 0;
	char *token = NULL, words[64];

	if (challenge_parse_token(text, len, &token) == 0)
		require_plain(token);
	free(token);
	token = NULL;
	if (ecr_parse_token(text, len, &token, &expiry_s) == 0)
		require_plain(token);
	free(token);
	if (aws_parse_role(text, len, &keys) == 0)
		require_plain(keys.session_token);
	aws_keys_done(&keys);
	answer_format_error(text, len, words, sizeof(words));
}

static void as_glob(const char *text, size_t len)
{
	size_t cut = strcspn(text, "/");
	struct str pattern = {text, cut};
	struct str rest = {text + cut, len - cut};

	glob_match(pattern, rest);
	require(glob_match(STR("*"), rest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;
	size_t len;

	if (size < 1)
		return 0;
	len = size - 1;
	text = malloc(len + 1);
	if (!text)
		return 0;
	memcpy(text, data + 1, len);
	text[len] = '\0';
	switch (data[0]) {
	case 'm':
		as_manifest(text, len);
		break;
	case 'c':
		as_config(text, len);
		break;
	case 'w':
		as_challenge(text);
		break;
	case 'l':
		as_location(text);
		break;
	case 'r':
		as_reference(text);
		break;
	case 's':
		as_secret(text, len, IMAGES_DOCKERCONFIGJSON);
		break;
	case 'o':
		as_secret(text, len, IMAGES_DOCKERCFG);
		break;
	case 't':
		as_tokens(text, len);
		break;
	default:
		as_glob(text, strlen(text));
	}
	free(text);
	return 0;
}
