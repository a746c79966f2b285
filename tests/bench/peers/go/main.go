// A sender from Go's standard library to compare with: html/template and text/template per recipient,
// quoted-printable multipart, net/smtp connections that stay open; the inner loop of many Go list managers.
//
//	gosend compose|raw HOST PORT COUNT CONNECTIONS CONTENT
//
// compose builds every message, raw sends 64 prebuilt ones in turn.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"mime/multipart"
	"mime/quotedprintable"
	"net/smtp"
	"net/textproto"
	"os"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	texttemplate "text/template"
)

type content struct {
	Html, Text, Subject string
	Names               []string
}

type reader struct{ Email, Name, Web, Unsubscribe, Preferences, Poll string }

var (
	edition  content
	html     *template.Template
	text     *texttemplate.Template
	slot     = regexp.MustCompile(`\{\{ (\w+) \}\}`)
	fieldFor = map[string]string{"email": ".Email", "name": ".Name", "web_url": ".Web", "unsubscribe_url": ".Unsubscribe",
		"preferences_url": ".Preferences", "poll_url": ".Poll"}
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func toGo(s string) string {
	return slot.ReplaceAllStringFunc(s, func(m string) string { return "{{ " + fieldFor[slot.FindStringSubmatch(m)[1]] + " }}" })
}

const site = "https://letters.weekly.example"

func readerAt(i int64) reader {
	token := fmt.Sprintf("%040x", i*2654435761)
	return reader{fmt.Sprintf("subscriber%d@example%d.net", i, i%500), edition.Names[i%int64(len(edition.Names))],
		site + "/archive/weekly/bench", site + "/unsubscribe/" + token, site + "/preferences/" + token, site + "/poll/" + token}
}

func build(r reader) []byte {
	var h, t, b bytes.Buffer
	must(html.Execute(&h, r))
	must(text.Execute(&t, r))
	w := multipart.NewWriter(&b)
	fmt.Fprintf(&b, "From: News <news@example.org>\r\nTo: %s\r\nSubject: %s\r\nMIME-Version: 1.0\r\nList-Unsubscribe: <%s>\r\n"+
		"Content-Type: multipart/alternative; boundary=%q\r\n\r\n", r.Email, edition.Subject, r.Unsubscribe, w.Boundary())
	for _, p := range []struct {
		kind string
		body []byte
	}{{"text/plain", t.Bytes()}, {"text/html", h.Bytes()}} {
		part, err := w.CreatePart(textproto.MIMEHeader{"Content-Type": {p.kind + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}})
		must(err)
		q := quotedprintable.NewWriter(part)
		q.Write(p.body)
		q.Close()
	}
	w.Close()
	return b.Bytes()
}

func main() {
	mode, host, port, contentFile := os.Args[1], os.Args[2], os.Args[3], os.Args[6]
	count, _ := strconv.ParseInt(os.Args[4], 10, 64)
	connections, _ := strconv.Atoi(os.Args[5])
	raw, err := os.ReadFile(contentFile)
	must(err)
	must(json.Unmarshal(raw, &edition))
	html = template.Must(template.New("html").Parse(toGo(edition.Html)))
	text = texttemplate.Must(texttemplate.New("text").Parse(toGo(edition.Text)))
	var prebuilt [][]byte
	for i := int64(0); mode == "raw" && i < 64; i++ {
		prebuilt = append(prebuilt, build(readerAt(i)))
	}

	var next int64 = -1
	var all sync.WaitGroup
	for k := 0; k < connections; k++ {
		all.Add(1)
		go func() {
			defer all.Done()
			c, err := smtp.Dial(host + ":" + port)
			must(err)
			must(c.Hello("client.example.org"))
			for {
				i := atomic.AddInt64(&next, 1)
				if i >= count {
					break
				}
				r := readerAt(i)
				var message []byte
				if prebuilt != nil {
					message = prebuilt[i%64]
				} else {
					message = build(r)
				}
				must(c.Mail("bounce@news.example.org"))
				must(c.Rcpt(r.Email))
				w, err := c.Data()
				must(err)
				w.Write(message)
				must(w.Close())
			}
			c.Quit()
		}()
	}
	all.Wait()
}
