/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands, as main.c's table calls them: @argv begins after the command's name and ends with
 * NULL, the number of arguments is one the table allows. Return: enum kt_out_exit, the error
 * having been reported.
 */
#ifndef KT_CMD_H
#define KT_CMD_H

int kt_doctor_run(int argc, char **argv);
int kt_exec_run(int argc, char **argv);
int kt_export_run(int argc, char **argv);
int kt_set_run(int argc, char **argv);
int kt_freeze_run(int argc, char **argv);
int kt_thaw_run(int argc, char **argv);
int kt_top_run(int argc, char **argv);
int kt_record_save(int argc, char **argv);
int kt_record_restore(int argc, char **argv);
int kt_record_show(int argc, char **argv);
int kt_show_list(int argc, char **argv);
int kt_show_status(int argc, char **argv);
int kt_show_version(int argc, char **argv);
int kt_trace_record(int argc, char **argv);
int kt_trace_report(int argc, char **argv);

#endif /* KT_CMD_H */
