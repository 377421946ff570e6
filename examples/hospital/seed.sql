-- Two clinics, 120 patients, their care teams and some hundred notes, the same on every run. Two stays per patient and
-- nurse show why a condition on the team must mean one row of it: one stay is over, the other is not.
INSERT INTO med.staff (id, clinic_id, full_name, job) VALUES
    ('ada', 'north', 'Ada Lindqvist', 'doctor'), ('ben', 'north', 'Ben Okafor', 'doctor'), ('cleo', 'north', 'Cleo Marchetti', 'nurse'),
    ('dan', 'north', 'Dan Kowalski', 'reception'), ('eli', 'north', 'Eli Brandt', 'billing'),
    ('fay', 'south', 'Fay Nakamura', 'doctor'), ('gus', 'south', 'Gus Ferreira', 'nurse'), ('hana', 'south', 'Hana Petrova', 'reception');

INSERT INTO med.patient (id, clinic_id, given_name, family_name, birth_date, ward, allergies, insurer_no, diagnosis, deleted_at)
SELECT n, CASE WHEN n % 5 < 3 THEN 'north' ELSE 'south' END,
       (ARRAY['Mia', 'Leo', 'Sofia', 'Noah', 'Lena', 'Emil', 'Ines', 'Karl', 'Yara', 'Otto'])[1 + n % 10],
       (ARRAY['Berg', 'Costa', 'Dahl', 'Eriksen', 'Fuchs', 'Garcia', 'Horvat', 'Ivanova', 'Jansen', 'Keller', 'Lopez'])[1 + n % 11],
       date '1938-05-17' + n * 211, (ARRAY['A1', 'A2', 'B1', 'B2', NULL])[1 + n % 5],
       CASE WHEN n % 4 = 0 THEN ARRAY['penicillin'] WHEN n % 9 = 0 THEN ARRAY['latex', 'nuts'] ELSE '{}' END,
       CASE WHEN n % 13 <> 0 THEN 'K' || (700000 + n * 317) END,
       (ARRAY['appendicitis', 'fracture of the wrist', 'pneumonia', 'hypertension', 'concussion', 'diabetes'])[1 + n % 6],
       CASE WHEN n % 17 = 0 THEN timestamptz '2026-03-01 08:00+00' + n * interval '1 hour' END
FROM generate_series(1, 120) AS g(n);
SELECT setval(pg_get_serial_sequence('med.patient', 'id'), 120);

INSERT INTO med.care_team (patient_id, user_id, since, ends_on)
SELECT p.id, CASE WHEN p.clinic_id = 'north' THEN (ARRAY['ada', 'ben'])[1 + p.id % 2] ELSE 'fay' END,
       current_date - 20, CASE WHEN p.id % 4 = 1 THEN current_date - 3 ELSE current_date + 10 END
FROM med.patient p;
INSERT INTO med.care_team (patient_id, user_id, since, ends_on)
SELECT p.id, CASE WHEN p.clinic_id = 'north' THEN 'cleo' ELSE 'gus' END, current_date - 90, current_date - 60
FROM med.patient p WHERE p.id % 3 = 0;
INSERT INTO med.care_team (patient_id, user_id, since, ends_on)
SELECT p.id, CASE WHEN p.clinic_id = 'north' THEN 'cleo' ELSE 'gus' END, current_date - 5, current_date + 5
FROM med.patient p WHERE p.id % 6 = 0;

INSERT INTO med.note (id, patient_id, author_id, body, created_at)
SELECT n, p.id, CASE WHEN p.clinic_id = 'north' THEN (ARRAY['ada', 'ben', 'cleo'])[1 + n % 3] ELSE (ARRAY['fay', 'gus'])[1 + n % 2] END,
       (ARRAY['Stable, no fever.', 'Pain has eased.', 'Changed the dressing.', 'Blood taken for the lab.', 'Spoke with the family.'])[1 + n % 5],
       now() - n * interval '5 hours'
FROM generate_series(1, 360) AS g(n) JOIN med.patient p ON p.id = 1 + n * 7 % 120;
SELECT setval(pg_get_serial_sequence('med.note', 'id'), 360);
ANALYZE;
