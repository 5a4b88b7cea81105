#include "webhook/kube/json.h"

#include <limits.h>
#include <string.h>

void json_putp(struct json_object **object)
{
	json_object_put(*object);
	*object = NULL;
}

struct json_object *json_parse_all(const char *text, size_t len, int depth)
{
	struct json_tokener *tokener;
	struct json_object *root;
	size_t end;

	if (len == 0 || len > INT_MAX)
		return NULL;
	tokener = json_tokener_new_ex(depth);
	if (!tokener)
		return NULL;
	root = json_tokener_parse_ex(tokener, text, (int)len);
	end = json_tokener_get_parse_end(tokener);
	while (end < len && text[end] && strchr(" \t\r\n", text[end]))
		end++;
	if (json_tokener_get_error(tokener) != json_tokener_success || end < len) {
		json_object_put(root);
		root = NULL;
	}
	json_tokener_free(tokener);
	return root;
}

struct json_object *json_member(struct json_object *object, const char *name)
{
	struct json_object *member = NULL;

	if (json_object_is_type(object, json_type_object))
		json_object_object_get_ex(object, name, &member);
	return member;
}

const char *json_member_string(struct json_object *object, const char *name)
{
	struct json_object *member = json_member(object, name);

	return json_object_is_type(member, json_type_string) ? json_object_get_string(member)
	                                                     : NULL;
}
