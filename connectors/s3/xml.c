#include "xml.h"

#include <expat.h>
#include <string.h>

struct reader {
	char *root;
	size_t room;
	xml_element *each;
	void *arg;
	char text[XML_TEXT];
	size_t len;
};

static void XMLCALL
on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *r = arg;
	size_t n = strlen(name);

	(void)attributes;
	if (r->root[0] == '\0' && n < r->room)
		memcpy(r->root, name, n + 1);
	r->len = 0;
	r->text[0] = '\0';
}

static void XMLCALL
on_text(void *arg, const XML_Char *text, int len)
{
	struct reader *r = arg;
	size_t n = (size_t)len;

	if (n >= sizeof r->text - r->len)
		n = sizeof r->text - 1 - r->len;
	memcpy(r->text + r->len, text, n);
	r->len += n;
	r->text[r->len] = '\0';
}

static void XMLCALL
on_end(void *arg, const XML_Char *name)
{
	struct reader *r = arg;

	r->each(r->arg, name, r->text);
	r->len = 0;
	r->text[0] = '\0';
}

bool
xml_read(const char *data, size_t len, char *root, size_t room,
    xml_element *each, void *arg)
{
	struct reader r = { .root = root,
		.room = room,
		.each = each,
		.arg = arg };
	XML_Parser parser;
	bool good;

	root[0] = '\0';
	while (len > 0 && strchr(" \t\r\n", *data) != NULL && *data != '\0') {
		data++;
		len--;
	}
	if (len == 0)
		return false;
	parser = XML_ParserCreate(NULL);
	if (parser == NULL)
		return false;
	XML_SetUserData(parser, &r);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	good = XML_Parse(parser, data, (int)len, 1) == XML_STATUS_OK;
	XML_ParserFree(parser);
	return good;
}
