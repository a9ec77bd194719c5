/* SIF-C: names, numbers, addresses, dates, pictures, both ways. */
#include "tests/unit/sif_fixture.h"

static struct str read_card(struct arena *a, const char *inner)
{
    struct sif_settings s = in_zone("Europe/Rome");
    struct vcard *c;
    struct str why;
    if (sif_read_contact(a, arena_strf(a, "<contact>%s</contact>", inner), &s, &c, &why) != OK)
        fail_msg("%s: %.*s", inner, STR_ARG(why));
    assert_int_equal(c->version, VCARD_3_0);
    SCOPED_BUF(b, ROOM);
    SCOPED_BUF(lf, ROOM);
    vcard_write(&b, c, NULL, false);
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] != '\r')
            buf_addc(&lf, b.p[i]);
    size_t head = sizeof "BEGIN:VCARD\nVERSION:3.0\n" - 1;
    return arena_str(a, str_slice(buf_view(&lf), head, lf.n - head - (sizeof "END:VCARD\n" - 1)));
}

static struct str write_card(struct arena *a, const char *props)
{
    struct vcard *c;
    struct vcard_problem problem;
    struct str text = arena_strf(a, "BEGIN:VCARD\nVERSION:3.0\n%sEND:VCARD\n", props);
    if (vcard_parse(a, text, &vcard_default_limits, &c, &problem) != OK)
        fail_msg("%.*s", STR_ARG(problem.text));
    SCOPED_BUF(b, ROOM);
    assert_ok(sif_write_contact(&b, a, c));
    return arena_str(a, buf_view(&b));
}

static void test_reads(void **state)
{
    (void)state;
    static const struct {
        const char *inner, *card;
    } rows[] = {
        {"<FirstName>Mario</FirstName><LastName>Rossi</LastName><MiddleName>A.</MiddleName><Title>Dr.</Title>"
         "<Suffix>Jr.</Suffix><FileAs>Rossi, Mario A.</FileAs><NickName>Super, Jumpman</NickName>",
         "FN:Mario A. Rossi\nX-EVOLUTION-FILE-AS:Rossi\\, Mario A.\nN:Rossi;Mario;A.;Dr.;Jr.\n"
         "NICKNAME:Super,Jumpman\n"},
        {"<FirstName>Mario</FirstName><LastName>Rossi</LastName><FileAs>Super Mario</FileAs>",
         "FN:Super Mario\nN:Rossi;Mario;;;\n"},
        {"<FirstName>Mario</FirstName><CompanyName>ACME; Ltd.</CompanyName><FileAs>ACME; Ltd. "
         "(Mario)</FileAs>"
         "<Department>Sales, EU</Department>",
         "FN:Mario\nX-EVOLUTION-FILE-AS:ACME\\; Ltd. (Mario)\nN:;Mario;;;\nORG:ACME\\; Ltd.;Sales\\, EU\n"},
        {"<FileAs>Somebody</FileAs><UID>u1</UID>", "UID:u1\nFN:Somebody\n"},
        {"<CompanyName>ACME</CompanyName>", "FN:ACME\nORG:ACME\n"},
        {"<Department>Sales</Department><Email1Address>a@example.test</Email1Address>",
         "FN:a@example.test\nORG:;Sales\nEMAIL;TYPE=INTERNET:a@example.test\n"},
        {"<HomeTelephoneNumber>1</HomeTelephoneNumber><Home2TelephoneNumber>2</Home2TelephoneNumber>"
         "<Home3TelephoneNumber>3</Home3TelephoneNumber><BusinessFaxNumber>4</BusinessFaxNumber>"
         "<MobileTelephoneNumber>5</MobileTelephoneNumber><PagerNumber>6</PagerNumber>"
         "<PrimaryTelephoneNumber>7</PrimaryTelephoneNumber><OtherTelephoneNumber>8</OtherTelephoneNumber>"
         "<MobileBusinessTelephoneNumber>9</MobileBusinessTelephoneNumber>"
         "<CallbackTelephoneNumber>10</CallbackTelephoneNumber>",
         "FN:5\nTEL;TYPE=HOME;TYPE=VOICE:1\nTEL;TYPE=HOME;TYPE=VOICE:2\nTEL;TYPE=HOME;TYPE=VOICE:3\n"
         "TEL;TYPE=CELL;TYPE=VOICE:5\nTEL;TYPE=CELL;TYPE=WORK;TYPE=VOICE:9\nTEL;TYPE=FAX;TYPE=WORK:4\n"
         "TEL;TYPE=PAGER:6\nTEL;TYPE=X-EVOLUTION-CALLBACK;TYPE=VOICE:10\nTEL;TYPE=PREF;TYPE=VOICE:7\n"
         "TEL;TYPE=VOICE:8\n"},
        {"<HomeAddressStreet>Via A\n1</HomeAddressStreet><HomeAddressCity>Roma</HomeAddressCity>"
         "<OtherAddressCountry>IT</OtherAddressCountry><BusinessAddressPostOfficeBox>7</"
         "BusinessAddressPostOfficeBox>"
         "<HomeLabel>Via A 1</HomeLabel>",
         "ADR;TYPE=HOME:;;Via A\\n1;Roma;;;\nADR;TYPE=WORK:7;;;;;;\nADR:;;;;;;IT\nLABEL;TYPE=HOME:Via A 1\n"},
        {"<Birthday>1985-04-12</Birthday><Anniversary>20100630</Anniversary>",
         "BDAY:1985-04-12\nX-ANNIVERSARY:2010-06-30\n"},
        {"<Birthday>19850411T220000Z</Birthday><Anniversary>4501-01-01</Anniversary>", "BDAY:1985-04-12\n"},
        {"<Body>a, b\n\nc</Body><Categories>A; "
         "B,C,,</Categories><Gender>1</Gender><Sensitivity>3</Sensitivity>"
         "<WebPage>http://x.test/?a=1;b=2</WebPage><HomeWebPage>http://y.test</HomeWebPage><Importance>2</"
         "Importance>"
         "<IMAddress>bob</IMAddress><Spouse>Anna</Spouse><Children>X, Y</Children><Subject>ignored</Subject>",
         "URL;TYPE=HOME:http://y.test\nURL:http://x.test/?a=1;b=2\nX-EVOLUTION-SPOUSE:Anna\nIMPP:im:bob\n"
         "NOTE:a\\, b\\n\\nc\nCATEGORIES:A,B,C\nCLASS:CONFIDENTIAL\nX-SIF-IMPORTANCE:2\nX-GENDER:F\n"
         "X-SIF-CHILDREN:X\\, Y\n"},
        {"<Gender>Male</Gender><IMAddress>xmpp:a@example.test</IMAddress>",
         "IMPP:xmpp:a@example.test\nX-GENDER:M\n"},
        {"<Photo TYPE=\"JPEG\">/9j/\n4AAQ</Photo>", "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ\n"},
        {"<Photo>iVBORw0K</Photo>", "PHOTO;ENCODING=b;TYPE=PNG:iVBORw0K\n"},
        {"<Photo>not base64!</Photo>", ""},
        {"<FirstName> </FirstName><LastName/>", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 20);
        assert_str(read_card(&a, rows[i].inner), rows[i].card);
    }
}

static void test_writes(void **state)
{
    (void)state;
    static const struct {
        const char *props, *wanted;
    } rows[] = {
        {"FN:Dr. Mario Rossi\nN:Rossi;Mario,Luigi;;Dr.;\n",
         "FileAs=Dr. Mario Rossi|LastName=Rossi|FirstName=Mario,Luigi|MiddleName=|Title=Dr.|Suffix=|NickName="
         "|HomeTelephoneNumber=|Home2TelephoneNumber=|Home3TelephoneNumber=-|Email3Address=|Photo=|Gender=0"},
        {"FN:Mario\nX-EVOLUTION-FILE-AS:Rossi\\, Mario\n", "FileAs=Rossi, Mario"},
        {"ORG:ACME;Sales;East\nTITLE:Boss\nROLE:Baker\n",
         "CompanyName=ACME|Department=Sales|JobTitle=Boss|Profession=Baker"},
        {"TEL;TYPE=HOME,VOICE,PREF:1\nTEL;TYPE=home:2\nTEL;TYPE=CELL,PREF:3\nTEL;TYPE=CELL,HOME:4\nTEL:5\n"
         "TEL;TYPE=FAX:6\nTEL;TYPE=WORK,FAX:7\nTEL;TYPE=PREF:8\nTEL;TYPE=WORK:9\nTEL;TYPE=CAR:10\nTEL;TYPE="
         "HOME:11\n",
         "HomeTelephoneNumber=1|Home2TelephoneNumber=2|MobileTelephoneNumber=3|MobileHomeTelephoneNumber=4"
         "|OtherTelephoneNumber=5|OtherFaxNumber=6|BusinessFaxNumber=7|PrimaryTelephoneNumber=8"
         "|BusinessTelephoneNumber=9|CarTelephoneNumber=10|Home3TelephoneNumber=11|HomeFaxNumber="},
        {"EMAIL:a@x\nEMAIL;TYPE=INTERNET,PREF:b@x\nEMAIL;TYPE=WORK:c@x\nEMAIL:d@x\n",
         "Email1Address=b@x|Email2Address=a@x|Email3Address=c@x|Email4Address=-"},
        {"ADR;TYPE=WORK:Box;Floor 2;Via A;Roma;RM;00100;Italia\nADR;TYPE=home:;;x\nADR:;;y\n",
         "BusinessAddressPostOfficeBox=Box|BusinessAddressStreet=Via A\nFloor 2|BusinessAddressCity=Roma"
         "|BusinessAddressState=RM|BusinessAddressPostalCode=00100|BusinessAddressCountry=Italia"
         "|HomeAddressStreet=x|OtherAddressStreet=y|HomeAddressCity="},
        {"BDAY:19850412\nX-EVOLUTION-ANNIVERSARY:2010-06-30\n", "Birthday=1985-04-12|Anniversary=2010-06-30"},
        {"BDAY:1985-04-12T22:00:00Z\n", "Birthday=1985-04-12"},
        {"BDAY:--0412\n", "Birthday="},
        {"PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ\n", "Photo=/9j/4AAQ"},
        {"PHOTO;VALUE=uri:http://x.test/p.jpg\n", "Photo="},
        {"NOTE:<a>\\nb\nCATEGORIES:A,B\\,C\nCATEGORIES:D\nX-SPOUSE:Anna\nIMPP:im:bob\nX-GENDER:M;nb\nCLASS:"
         "PRIVATE\n",
         "Body=&lt;a&gt;\nb|Categories=A, B,C, D|Spouse=Anna|IMAddress=bob|Gender=2|Sensitivity=2"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 20);
        assert_elements(&a, write_card(&a, rows[i].props), rows[i].wanted);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct sif_settings s = in_zone(NULL);
    struct vcard *c;
    struct str why;
    assert_status(sif_read_contact(&a, STR("<note/>"), &s, &c, &why), INVALID);
    assert_str(why, "<note> where <contact> is wanted");
    assert_null(c);
    assert_status(sif_read_contact(&a, STR("BEGIN:VCARD"), &s, &c, &why), INVALID);
    struct vcard four = {.version = VCARD_4_0};
    SCOPED_BUF(b, 1000);
    assert_status(sif_write_contact(&b, &a, &four), INVALID);
    four.version = VCARD_3_0;
    assert_status(sif_write_contact(&b, &a, &four), TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, zones_setup, zones_teardown);
}
