#include "webhook/registry/glob.h"

#include "tests/harness.h"

static bool match(const char *pattern, const char *text)
{
	struct str p = {test_tail(pattern, strlen(pattern)), strlen(pattern)};
	struct str t = {test_tail(text, strlen(text)), strlen(text)};

	return glob_match(p, t);
}

static void patterns_are_those_of_go(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool is_match;
	} cases[] = {
	        {"", "", true},           {"", "a", false},         {"a", "", false},
	        {"abc", "abc", true},     {"abc", "abd", false},    {"*", "", true},
	        {"*", "abc", true},       {"*c", "abc", true},      {"a*", "abc", true},
	        {"a*c", "ac", true},      {"a*c", "abbc", true},    {"a*c", "abb", false},
	        {"**", "a", true},        {"*a*b*", "xaybz", true}, {"*a*b*", "xbya", false},
	        {"?", "a", true},         {"?", "", false},         {"??", "a", false},
	        {"[a-c]x", "bx", true},   {"[a-c]", "d", false},    {"[^a-c]", "d", true},
	        {"[^a-c]", "b", false},   {"[abc]", "c", true},     {"[a-]", "a", false},
	        {"[", "[", false},        {"[a", "a", false},       {"[]", "]", false},
	        {"[]a]", "]", false},     {"[\\]]", "]", true},     {"\\*", "*", true},
	        {"\\*", "a", false},      {"a\\", "a", false},      {"[\\", "a", false},
	        {"*[0-9]", "reg7", true}, {"*[0-9]", "reg", false}, {"a]", "a]", true},
	        {"*.", "a.", true},       {"[^", "a", false},       {"*aab", "aaab", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (match(cases[i].pattern, cases[i].text) != cases[i].is_match)
			fail_msg("%s against %s", cases[i].pattern, cases[i].text);
}

/* With a matcher that goes back to every star this would not end. */
static void many_stars_end(void **state)
{
	char pattern[2001], text[2001];

	(void)state;
	for (int i = 0; i < 2000; i++) {
		pattern[i] = i % 2 ? 'a' : '*';
		text[i] = 'a';
	}
	pattern[2000] = text[2000] = '\0';
	assert_true(match(pattern, text));
	pattern[1999] = 'b';
	assert_false(match(pattern, text));
}

TEST_MAIN(cmocka_unit_test(patterns_are_those_of_go), cmocka_unit_test(many_stars_end))
