/* mailcore/relay/dsn_text.c: what people read in a delivery status notification; see dsn_text.h. */
#include "mailcore/relay/dsn_text.h"

static const struct dsn_sentences languages[DSN_LANGUAGES] = {
    [DSN_ENGLISH] =
        {
            .tag = "en",
            .subject =
                {
                    [DSN_FAILED] = "Your message was not delivered",
                    [DSN_DELAYED] = "Your message is delayed",
                    [DSN_DELIVERED] = "Your message was delivered",
                    [DSN_RELAYED] = "Your message was passed on",
                    [DSN_EXPANDED] = "Your message was delivered to a list",
                },
            .from = "This is the mail server",
            .outcome =
                {
                    [DSN_FAILED] = "Your message could not be delivered to:",
                    [DSN_DELAYED] = "Not delivered yet. You need not send it again, it is still tried:",
                    [DSN_DELIVERED] = "Your message was delivered to:",
                    [DSN_RELAYED] =
                        "Your message was passed on to a server that gives no notice of delivery:",
                    [DSN_EXPANDED] = "Your message was delivered to a list and its members:",
                },
            .host_said = "Answer of the server",
            .until = "It will be tried until",
            .message_below = "Your message is attached.",
            .header_below = "The header of your message is attached.",
            .reasons = {{"1.1", "There is no such mailbox."},
                        {"1.2", "The domain of the address does not exist, or takes no mail."},
                        {"1.10", "The domain of the address takes no mail."},
                        {"1.", "The address was not accepted."},
                        {"2.1", "The mailbox is not in use."},
                        {"2.2", "The mailbox is full."},
                        {"2.3", "The message is too large for this mailbox."},
                        {"2.", "The mailbox could not take the message."},
                        {"3.4", "The message is too large."},
                        {"3.", "The system of the recipient could not take the message."},
                        {"4.1", "The server of the recipient does not answer."},
                        {"4.3", "The name of the server could not be looked up."},
                        {"4.4", "No server was found that takes mail for this address."},
                        {"4.6", "The message went round in circles."},
                        {"4.7", "It could not be delivered in the time that was allowed."},
                        {"4.", "The server of the recipient could not be reached."},
                        {"5.", "The two servers did not understand each other."},
                        {"6.", "The server of the recipient cannot take a message in this form."},
                        {"7.", "The server of the recipient refused the message by its rules."}},
        },
    [DSN_ITALIAN] =
        {
            .tag = "it",
            .subject =
                {
                    [DSN_FAILED] = "Il messaggio non e' stato consegnato",
                    [DSN_DELAYED] = "Il messaggio e' in ritardo",
                    [DSN_DELIVERED] = "Il messaggio e' stato consegnato",
                    [DSN_RELAYED] = "Il messaggio e' stato inoltrato",
                    [DSN_EXPANDED] = "Il messaggio e' stato consegnato a una lista",
                },
            .from = "Questo è il server di posta",
            .outcome =
                {
                    [DSN_FAILED] = "Non è stato possibile consegnare il messaggio a:",
                    [DSN_DELAYED] = "Non ancora consegnato. Non occorre inviarlo di nuovo, si prova ancora:",
                    [DSN_DELIVERED] = "Il messaggio è stato consegnato a:",
                    [DSN_RELAYED] =
                        "Il messaggio è stato inoltrato a un server che non dà conferma della consegna:",
                    [DSN_EXPANDED] = "Il messaggio è stato consegnato a una lista e ai suoi membri:",
                },
            .host_said = "Risposta del server",
            .until = "Si proverà fino a",
            .message_below = "Il messaggio è allegato.",
            .header_below = "L'intestazione del messaggio è allegata.",
            .reasons = {{"1.1", "La casella di posta non esiste."},
                        {"1.2", "Il dominio dell'indirizzo non esiste o non riceve posta."},
                        {"1.10", "Il dominio dell'indirizzo non riceve posta."},
                        {"1.", "L'indirizzo non è stato accettato."},
                        {"2.1", "La casella di posta non è attiva."},
                        {"2.2", "La casella di posta è piena."},
                        {"2.3", "Il messaggio è troppo grande per questa casella."},
                        {"2.", "La casella di posta non ha potuto ricevere il messaggio."},
                        {"3.4", "Il messaggio è troppo grande."},
                        {"3.", "Il sistema del destinatario non ha potuto ricevere il messaggio."},
                        {"4.1", "Il server del destinatario non risponde."},
                        {"4.3", "Non è stato possibile trovare il nome del server."},
                        {"4.4", "Nessun server riceve la posta per questo indirizzo."},
                        {"4.6", "Il messaggio girava in tondo tra i server."},
                        {"4.7", "Non è stato possibile consegnarlo nel tempo previsto."},
                        {"4.", "Non è stato possibile raggiungere il server del destinatario."},
                        {"5.", "I due server non si sono capiti."},
                        {"6.", "Il server del destinatario non può ricevere un messaggio in questa forma."},
                        {"7.",
                         "Il server del destinatario ha rifiutato il messaggio secondo le sue regole."}},
        },
};

const struct dsn_sentences *dsn_sentences(enum dsn_language language)
{
    return &languages[language < DSN_LANGUAGES ? language : DSN_ENGLISH];
}

const char *dsn_reason(const struct dsn_sentences *say, struct str status)
{
    struct str rest = status.n > 2 ? str_from(status, 2) : STR("");
    for (size_t i = 0; i < DSN_REASONS && say->reasons[i].status; i++) {
        struct str key = str_c(say->reasons[i].status);
        if (str_eq(rest, key) || (str_ends(key, STR(".")) && str_starts(rest, key)))
            return say->reasons[i].text;
    }
    return NULL;
}
