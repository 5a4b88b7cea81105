#include "webhook/ctl/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/own.h"
#include "webhook/ctl/output.h"

#define INDENT "  "

static const char *const begins[] = {
        [PAGE_PLAIN] = "",       [PAGE_BOLD] = "\x1b[1m",  [PAGE_GOOD] = "\x1b[32m",
        [PAGE_BAD] = "\x1b[31m", [PAGE_WARN] = "\x1b[33m", [PAGE_FAINT] = "\x1b[2m",
};

/* Length of the character at `s` that a terminal may take for more than a letter: a control
 * character of ASCII or of Latin-1, or one that changes the direction of text; 0 for others. */
static size_t steering(const char *s)
{
	const unsigned char *c = (const unsigned char *)s;

	if (c[0] < ' ' || c[0] == 0x7f)
		return 1;
	if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
		return 2;
	/* U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069 */
	if (c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f))
		return 3;
	if (c[0] == 0xe2 && c[1] == 0x80 && c[2] >= 0xa8 && c[2] <= 0xae)
		return 3;
	return c[0] == 0xe2 && c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9 ? 3 : 0;
}

static void clean(char *text)
{
	char *to = text;

	while (*text) {
		size_t len = steering(text);

		if (len > 0)
			*to++ = '?', text += len;
		else
			*to++ = *text++;
	}
	*to = '\0';
}

/* Columns that clean UTF-8 takes. */
static size_t width(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static char *__attribute__((format(printf, 2, 0)))
format(struct page *page, const char *fmt, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, args) < 0) {
		page->output->failed = true;
		return NULL;
	}
	clean(text);
	return text;
}

static void print(struct page *page, enum page_style style, const char *text)
{
	bool colored = page->colored && style != PAGE_PLAIN && *text;

	output_text(page->output, colored ? begins[style] : "");
	output_text(page->output, text);
	output_text(page->output, colored ? "\x1b[0m" : "");
}

void page_say(struct page *page, enum page_style style, const char *fmt, ...)
{
	CLEANUP(mem_freep) char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = format(page, fmt, args);
	va_end(args);
	if (text)
		print(page, style, text);
}

void page_end_line(struct page *page)
{
	output_text(page->output, "\n");
}

void page_row(struct page *page)
{
	if (page->row_count == page->row_cap) {
		size_t cap = page->row_cap ? page->row_cap * 2 : 16;
		struct page_row *rows = reallocarray(page->rows, cap, sizeof(*rows));

		if (!rows) {
			page->output->failed = true;
			return;
		}
		page->rows = rows;
		page->row_cap = cap;
	}
	page->rows[page->row_count++] = (struct page_row){0};
}

void page_cell(struct page *page, enum page_style style, const char *fmt, ...)
{
	struct page_row *row;
	va_list args;
	char *text;

	if (page->output->failed || page->row_count == 0)
		return;
	row = &page->rows[page->row_count - 1];
	va_start(args, fmt);
	text = format(page, fmt, args);
	va_end(args);
	if (text && row->count < PAGE_CELLS_MAX)
		row->cells[row->count++] = (struct page_cell){text, style};
	else
		free(text);
}

static void print_row(struct page *page, const struct page_row *row, const size_t *widths)
{
	size_t last = row->count;

	/* No blanks at the end of a line. */
	while (last > 0 && !*row->cells[last - 1].text)
		last--;
	for (size_t i = 0; i < last; i++) {
		output_text(page->output, INDENT);
		print(page, row->cells[i].style, row->cells[i].text);
		for (size_t pad = width(row->cells[i].text); i + 1 < last && pad < widths[i]; pad++)
			output_text(page->output, " ");
	}
	output_text(page->output, "\n");
}

static void forget(struct page *page)
{
	for (size_t i = 0; i < page->row_count; i++)
		for (size_t j = 0; j < page->rows[i].count; j++)
			free(page->rows[i].cells[j].text);
	page->row_count = 0;
}

void page_table(struct page *page)
{
	size_t widths[PAGE_CELLS_MAX] = {0};

	for (size_t i = 0; i < page->row_count; i++) {
		for (size_t j = 0; j < page->rows[i].count; j++) {
			size_t wide = width(page->rows[i].cells[j].text);

			widths[j] = wide > widths[j] ? wide : widths[j];
		}
	}
	for (size_t i = 0; i < page->row_count; i++)
		print_row(page, &page->rows[i], widths);
	forget(page);
}

void page_done(struct page *page)
{
	forget(page);
	free(page->rows);
	page->rows = NULL;
	page->row_cap = 0;
}
