\restrict abc'def
SET statement_timeout = 0;
\connect "my db"
CREATE TABLE public.users (id int, note text DEFAULT 'a;b');

--
-- Data; with what looks like SQL
--

COPY public.users (id, note) FROM stdin;
1	it's; here
2	$$ -- \\
\.

SELECT 'ALTER TABLE x;' \gexec
ALTER TABLE ONLY public.users ADD CONSTRAINT k PRIMARY KEY (id);
COPY public.users TO stdout;
\unrestrict abc'def
