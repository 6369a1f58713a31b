CREATE TABLE "Users" ("Id" int PRIMARY KEY, "select" text UNIQUE, "with space" int CHECK ("with space" > 0));
CREATE INDEX ON "Users" ("select", "Id");
ALTER TABLE "Users" RENAME COLUMN "Id" TO "ID";
CREATE VIEW "V" AS SELECT "ID" FROM "Users";
CREATE TYPE "Mood" AS ENUM ('It''s', 'b');
ALTER TABLE "Users" ADD m "Mood" DEFAULT 'b';
CREATE TABLE "naïve_tâble_with_quite_a_löng_name_that_must_be_cut_öööö" ("çolumn_of_considerable_length_öö" int UNIQUE);
