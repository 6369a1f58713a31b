CREATE TABLE booking (room int, during tsrange, EXCLUDE USING gist (during WITH &&));
ALTER TABLE booking ADD CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&, int4range(room, room, '[]') WITH =) WHERE (room > 0) DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE holds (c circle, n int, CONSTRAINT apart EXCLUDE USING gist (c WITH &&), CONSTRAINT once EXCLUDE (n WITH =));
ALTER TABLE holds RENAME CONSTRAINT apart TO disjoint;
ALTER TABLE holds DROP CONSTRAINT once;
ALTER TABLE booking RENAME COLUMN during TO period;
ALTER TABLE booking RENAME TO bookings;
CREATE TABLE copy (LIKE holds INCLUDING INDEXES);
