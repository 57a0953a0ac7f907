#include "quoin/xml.h"
#include "unit.h"

static enum qn_err parse(struct arena *a, const char *text, struct xml_node **root, struct xml_error *err) {
  *err = (struct xml_error){0};
  return xml_parse(a, str_c(text), root, err);
}

TEST(reads_names_texts_and_attributes) {
  struct arena a;
  struct xml_node *root = NULL;
  struct xml_error err;
  arena_init(&a);
  CHECK_INT(parse(&a,
                  "<?xml version=\"1.0\"?>\n<a:r xmlns:a=\"http://x/\" xmlns=\"http://y/\" k=\"1 &amp; 2\">\n"
                  "<b>one<c/>two</b><b><![CDATA[<3>]]></b><d> &lt;ü&#x41; </d></a:r>",
                  &root, &err),
            QN_OK);
  CHECK_STR(root->name, STR("r"));
  CHECK_STR(root->ns, STR("http://x/"));
  CHECK_STR(root->attrs->name, STR("k"));
  CHECK_STR(root->attrs->value, STR("1 & 2"));
  CHECK(root->attrs->next == NULL);
  CHECK_INT(root->n_children, 3);
  CHECK_STR(root->text, STR("\n"));
  struct xml_node *b = xml_child(root, STR("b"));
  CHECK_STR(b->ns, STR("http://y/"));
  CHECK_STR(b->text, STR("onetwo"));
  CHECK_INT(b->n_children, 1);
  CHECK_STR(b->next->text, STR("<3>"));
  CHECK_STR(xml_child(root, STR("d"))->text, STR(" <üA "));
  CHECK(xml_child(root, STR("e")) == NULL);
  CHECK(xml_child(NULL, STR("e")) == NULL);
  CHECK(root->last == xml_child(root, STR("d")));
  arena_release(&a);
}

TEST(refuses_what_is_wrong_or_dangerous) {
  static const struct {
    const char *text;
    enum qn_err e;
  } cases[] = {
      {"", QN_E_INVALID},
      {"   ", QN_E_INVALID},
      {"<a>", QN_E_INVALID},
      {"<a></b>", QN_E_INVALID},
      {"<a/><b/>", QN_E_INVALID},
      {"<a>&nbsp;</a>", QN_E_INVALID},
      {"<a>\xff</a>", QN_E_INVALID},
      {"<x:a/>", QN_E_INVALID},
      {"<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>", QN_E_INVALID},
      {"<!doctype html><p>", QN_E_INVALID},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct arena a;
    struct xml_node *root = NULL;
    struct xml_error err;
    arena_init(&a);
    CHECK_INT(parse(&a, cases[i].text, &root, &err), cases[i].e);
    CHECK(root == NULL && err.message.n > 0);
    arena_release(&a);
  }
}

TEST(caps_the_depth) {
  struct arena a;
  struct xml_node *root = NULL;
  struct xml_error err;
  struct buf b = BUF_INIT(1 << 20);
  arena_init(&a);
  for (int i = 0; i < 256; i++) buf_addz(&b, "<a>");
  for (int i = 0; i < 256; i++) buf_addz(&b, "</a>");
  CHECK_INT(xml_parse(&a, buf_str(&b), &root, &err), QN_OK);
  buf_reset(&b);
  for (int i = 0; i < 100000; i++) buf_addz(&b, "<a>");
  CHECK_INT(xml_parse(&a, buf_str(&b), &root, &err), QN_E_LIMIT);
  CHECK(err.offset >= 256 * 3 && err.offset <= 257 * 3);
  buf_release(&b);
  arena_release(&a);
}

TEST(escapes_so_that_it_reads_back) {
  struct arena a;
  struct xml_node *root = NULL;
  struct xml_error err;
  struct buf b = BUF_INIT(1 << 20);
  struct str text = STR("<a & 'b' \"c\">\r\n\tü ]]>");
  arena_init(&a);
  xml_escape(&b, text);
  CHECK_STR(buf_str(&b), STR("&lt;a &amp; &apos;b&apos; &quot;c&quot;&gt;&#13;&#10;&#9;ü ]]&gt;"));
  struct str doc = str_fmt(&a, "<x y=\"%.*s\">%.*s</x>", SV(buf_str(&b)), SV(buf_str(&b)));
  CHECK_INT(xml_parse(&a, doc, &root, &err), QN_OK);
  CHECK_STR(root->text, text);
  CHECK_STR(root->attrs->value, text);
  buf_release(&b);
  arena_release(&a);
}

TEST_MAIN(CASE(reads_names_texts_and_attributes), CASE(refuses_what_is_wrong_or_dangerous),
          CASE(caps_the_depth), CASE(escapes_so_that_it_reads_back))
