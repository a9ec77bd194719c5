/* clients/setup_text.c: the words of the set-up help, a table for each language. */
#include "clients/setup_int.h"

#define S(text) STR_INIT(text)

static const struct setup_guide english[] = {
    {S("thunderbird"),
     S("Thunderbird"),
     EXTRA_NONE,
     {S("Calendars and tasks: File, New, Calendar, then On the Network."),
      S("Username: your address. Location: {server}. Press Find Calendars, give your password, and pick the "
        "calendars."),
      S("Contacts: open the address book, press New Address Book, Add CardDAV Address Book."),
      S("Username: your address. Location: {server}. Continue, then pick the address books.")}},
    {S("evolution"),
     S("Evolution and GNOME"),
     EXTRA_NONE,
     {S("File, New, Collection Account. User: your address. Under Advanced Options, Server: {server}. Press "
        "Look Up."),
      S("Give your password. Calendars, task lists, memos and contacts are found together."),
      S("In GNOME's Online Accounts choose Calendar, Contacts and Files, and give the same address "
        "{server}.")}},
    {S("apple"),
     S("iPhone, iPad and Mac"),
     EXTRA_PROFILE,
     {S("The quick way is the profile below: it fills in everything but your password."),
      S("By hand on iPhone and iPad: Settings, Apps, Calendar, Calendar Accounts, Add Account, Other, Add "
        "CalDAV Account."),
      S("Server: {host}. User Name: your address. Then your password, and Next."),
      S("The same under Settings, Apps, Contacts, with Add CardDAV Account."),
      S("On a Mac: System Settings, Internet Accounts, Add Account, Add Other Account, CalDAV and then "
        "CardDAV, Account Type "
        "Manual.")}},
    {S("android"),
     S("Android with DAVx5"),
     EXTRA_DAVX5,
     {S("Install DAVx5 from F-Droid or Google Play."),
      S("Add an account with Login with URL and user name. Base URL: {server}. User name: your address."),
      S("Pick the calendars, task lists and address books to keep on the phone."),
      S("For tasks and notes install jtx Board or Tasks.org, and choose it in DAVx5.")}},
    {S("syncml"),
     S("Older phones and SyncML"),
     EXTRA_NONE,
     {S("For phones that synchronise by SyncML (Sync, Remote sync, Synchronisation in their settings), and "
        "SyncEvolution."),
      S("Server address: {syncml}. User name: your address. Password: an app password of your own for "
        "this phone, from your administrator."),
      S("Remote databases: contacts, calendar, tasks, notes."),
      S("HTTP authentication: none. Protocol version: 1.2 where there is a choice, otherwise 1.1.")}},
    {S("others"),
     S("Other programs"),
     EXTRA_NONE,
     {S("Whatever speaks CalDAV or CardDAV finds its way from {server}."),
      S("A program that wants a full address takes {dav}."),
      S("One that wants server and port takes {name} and {port}.")}},
};

static const struct setup_guide italian[] = {
    {S("thunderbird"),
     S("Thunderbird"),
     EXTRA_NONE,
     {S("Calendari e attività: File, Nuovo, Calendario, poi Sulla rete."),
      S("Nome utente: il tuo indirizzo. Posizione: {server}. Premi Trova calendari, dai la password e scegli "
        "i calendari."),
      S("Contatti: apri la rubrica, premi Nuova rubrica, Aggiungi rubrica CardDAV."),
      S("Nome utente: il tuo indirizzo. Posizione: {server}. Continua, poi scegli le rubriche.")}},
    {S("evolution"),
     S("Evolution e GNOME"),
     EXTRA_NONE,
     {S("File, Nuovo, Account di raccolta. Utente: il tuo indirizzo. Nelle opzioni avanzate, Server: "
        "{server}. Premi Cerca."),
      S("Dai la password. Calendari, attività, note e contatti si trovano tutti insieme."),
      S("Negli Account online di GNOME scegli Calendario, contatti e file, con lo stesso indirizzo "
        "{server}.")}},
    {S("apple"),
     S("iPhone, iPad e Mac"),
     EXTRA_PROFILE,
     {S("La via più breve è il profilo qui sotto: compila tutto tranne la password."),
      S("A mano su iPhone e iPad: Impostazioni, App, Calendario, Account calendario, Aggiungi account, "
        "Altro, Aggiungi account "
        "CalDAV."),
      S("Server: {host}. Nome utente: il tuo indirizzo. Poi la password, e Avanti."),
      S("Lo stesso in Impostazioni, App, Contatti, con Aggiungi account CardDAV."),
      S("Sul Mac: Impostazioni di Sistema, Account Internet, Aggiungi account, Aggiungi altro account, "
        "CalDAV e poi CardDAV, tipo "
        "di account Manuale.")}},
    {S("android"),
     S("Android con DAVx5"),
     EXTRA_DAVX5,
     {S("Installa DAVx5 da F-Droid o da Google Play."),
      S("Aggiungi un account con Accedi con URL e nome utente. URL di base: {server}. Nome utente: il tuo "
        "indirizzo."),
      S("Scegli i calendari, le liste di attività e le rubriche da tenere sul telefono."),
      S("Per attività e note installa jtx Board o Tasks.org e sceglilo in DAVx5.")}},
    {S("syncml"),
     S("Telefoni meno recenti e SyncML"),
     EXTRA_NONE,
     {S("Per i telefoni che sincronizzano con SyncML (Sinc, Sincr. remota, Sincronizzazione nelle "
        "impostazioni) e per SyncEvolution."),
      S("Indirizzo del server: {syncml}. Nome utente: il tuo indirizzo. Password: una password per app "
        "solo per questo telefono, dall'amministratore."),
      S("Database remoti: contacts, calendar, tasks, notes."),
      S("Autenticazione HTTP: nessuna. Versione del protocollo: 1.2 se si può scegliere, altrimenti 1.1.")}},
    {S("others"),
     S("Altri programmi"),
     EXTRA_NONE,
     {S("Tutto ciò che parla CalDAV o CardDAV trova la strada da {server}."),
      S("Un programma che vuole l'indirizzo completo prende {dav}."),
      S("Uno che vuole server e porta prende {name} e {port}.")}},
};

const struct setup_language setup_languages[] = {
    {
        .tag = S("en"),
        .other = S("it"),
        .texts =
            {
                [TEXT_TITLE] = S("Set up your calendars and contacts"),
                [TEXT_FRONT] = S("This is a Scambio server. It keeps calendars, tasks, notes and contacts in "
                                 "step between your "
                                 "computers and phones."),
                [TEXT_FRONT_LINK] = S("Set up a phone or a computer"),
                [TEXT_INTRO] =
                    S("Every program needs the same three things. Most find the rest by themselves."),
                [TEXT_ADDRESS] = S("Server"),
                [TEXT_USER] = S("User name"),
                [TEXT_USER_VALUE] = S("your whole e-mail address"),
                [TEXT_PASSWORD] = S("Password"),
                [TEXT_PASSWORD_VALUE] = S("your password, or better one made for this device alone"),
                [TEXT_QR] = S("Point a phone's camera here to open this server on it."),
                [TEXT_INSECURE] = S("You are reading this over a connection that is not encrypted. From "
                                    "outside this machine, use "
                                    "an address that begins with https."),
                [TEXT_PROFILE_INTRO] = S("Your address"),
                [TEXT_PROFILE_BUTTON] = S("Download the profile"),
                [TEXT_PROFILE_CALENDARS] = S("Calendars"),
                [TEXT_PROFILE_CONTACTS] = S("Contacts"),
                [TEXT_PROFILE_ABOUT] = S("Calendars, reminders and contacts on this Scambio server"),
                [TEXT_DAVX5_BUTTON] = S("Open in DAVx5"),
                [TEXT_OTHER_LANGUAGE] = S("Italiano"),
                [TEXT_BAD_USER] = S("This is not an address. It looks like name@example.org."),
            },
        .guides = english,
        .guide_count = COUNT_OF(english),
    },
    {
        .tag = S("it"),
        .other = S("en"),
        .texts =
            {
                [TEXT_TITLE] = S("Configura calendari e contatti"),
                [TEXT_FRONT] = S("Questo è un server Scambio. Tiene allineati calendari, attività, note e "
                                 "contatti fra i tuoi "
                                 "computer e telefoni."),
                [TEXT_FRONT_LINK] = S("Configura un telefono o un computer"),
                [TEXT_INTRO] =
                    S("Ogni programma chiede le stesse tre cose. Quasi tutti trovano il resto da soli."),
                [TEXT_ADDRESS] = S("Server"),
                [TEXT_USER] = S("Nome utente"),
                [TEXT_USER_VALUE] = S("il tuo indirizzo e-mail completo"),
                [TEXT_PASSWORD] = S("Password"),
                [TEXT_PASSWORD_VALUE] = S("la tua password, o meglio una fatta solo per questo dispositivo"),
                [TEXT_QR] = S("Inquadra con la fotocamera del telefono per aprire lì questo server."),
                [TEXT_INSECURE] = S("Stai leggendo questa pagina su una connessione non cifrata. Da fuori di "
                                    "questa macchina usa un "
                                    "indirizzo che comincia con https."),
                [TEXT_PROFILE_INTRO] = S("Il tuo indirizzo"),
                [TEXT_PROFILE_BUTTON] = S("Scarica il profilo"),
                [TEXT_PROFILE_CALENDARS] = S("Calendari"),
                [TEXT_PROFILE_CONTACTS] = S("Contatti"),
                [TEXT_PROFILE_ABOUT] = S("Calendari, promemoria e contatti su questo server Scambio"),
                [TEXT_DAVX5_BUTTON] = S("Apri in DAVx5"),
                [TEXT_OTHER_LANGUAGE] = S("English"),
                [TEXT_BAD_USER] = S("Questo non è un indirizzo. Ha la forma nome@example.org."),
            },
        .guides = italian,
        .guide_count = COUNT_OF(italian),
    },
};
const size_t setup_language_count = COUNT_OF(setup_languages);
